import { describe, expect, it } from 'vitest'
import type { Observation } from './observation.ts'
import type { ExpectedGiven, ScenarioStep } from './schema.ts'
import { expectationText, isMet, scenarioStepText } from './words.ts'

const events = (...all: readonly (readonly [string, string])[]): Observation => ({ events: all })

describe('whether a step gave what it must', () => {
  it.each<[ExpectedGiven, Observation, boolean]>([
    [0, '0', true],
    [1, '0', false],
    ['EAGAIN', 'EAGAIN', true],
    ['ok', '17', true],
    ['ok', 'EAGAIN', false],
    ['ok', 'unsupported', false],
    // An errno that has no name.
    ['ok', 'errno 524', false],
    ['ok', events(), true],
    [{}, events(), true],
    [{}, '0', false],
    ['nothing', events(), true],
    [{}, events(['a', 'IN']), false],
    [{ a: 'IN' }, events(), false],
    [{ a: 'IN' }, events(['b', 'IN']), false],
    [{ a: 'IN' }, events(['a', 'OUT']), false],
    [{ a: 'IN', b: 'OUT' }, events(['b', 'OUT'], ['a', 'IN']), true],
    [{ a: 'OUT|IN' }, events(['a', 'IN|OUT']), true],
    [{ a: 'IN|OUT' }, events(['a', 'IN']), false],
    [{ a: 'HUP|RDHUP|IN' }, events(['a', 'IN|HUP|RDHUP']), true],
    ['OUT|IN', 'IN|OUT', true],
    ['OUT|IN', 'IN', false],
    [{ a: 'IN' }, events(['a', 'IN'], ['a', 'IN']), false],
    [2, events(['a', 'IN'], ['b', 'IN']), true],
    [1, events(['a', 'IN'], ['b', 'IN']), false],
    [0, events(), true],
    ['ok', { events: [], wrong: 'wrote behind them' }, false],
    [0, { events: [], wrong: 'wrote behind them' }, false],
    [{}, { events: [], wrong: 'wrote behind them' }, false],
    ['nothing, wrote behind them', { events: [], wrong: 'wrote behind them' }, true],
  ])('%j of %j: %j', (expected, given, is) => {
    expect(isMet(expected, given)).toBe(is)
  })

  it('is told in the words of what is given', () => {
    expect([{}, { b: 'OUT', a: 'IN' }, 0, 'EBADF'].map(expectationText)).toEqual([
      'nothing',
      'a: IN, b: OUT',
      '0',
      'EBADF',
    ])
  })
})

describe('a step in words', () => {
  it.each<[ScenarioStep, string]>([
    [{ op: 'pipe', read: 'r', write: 'w', packets: true }, 'pipe: r, w (packets)'],
    [{ op: 'eventfd', as: 'e', initial: 3, semaphore: true }, 'eventfd(3, semaphore): e'],
    [{ op: 'timer', fd: 't', afterMs: 0 }, 'disarm t'],
    [{ op: 'timer', fd: 't', afterMs: 5, everyMs: 2 }, 'set t to 5 ms, then each 2 ms'],
    [{ op: 'write', fd: 'w', bytes: 1 }, 'write 1 byte to w'],
    [
      { op: 'epoll_ctl', ep: 'ep', command: 'ADD', fd: 'r', events: 'IN', label: 'x' },
      'epoll_ctl(ep, ADD, r, IN, as x)',
    ],
    [{ op: 'epoll_ctl', ep: 'ep', command: 'DEL', fd: -1 }, 'epoll_ctl(ep, DEL, -1)'],
    [{ op: 'epoll_wait', ep: 'ep', max: 0, timeoutMs: 20 }, 'epoll_wait(ep, room for 0, 20 ms)'],
    [{ op: 'add', poller: 'p', fd: 'r', interest: 'READ', trigger: 'edge' }, 'p.add(r, READ, edge)'],
    [{ op: 'wait', poller: 'p' }, 'p.wait()'],
  ])('%j', (step, text) => {
    expect(scenarioStepText(step)).toBe(text)
  })
})
