import { describe, expect, it } from 'vitest'
import type { BackendName } from '../../../backends/index.ts'
import { close, pipe, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import type { Step } from '../../steps.ts'
import { readinessCheck } from './matrix.ts'
import type { ReadinessRow } from './matrix.ts'
import { nothing } from './states.ts'
import { wakingChecks } from './waking.ts'

const row: ReadinessRow = {
  id: 'ready.test',
  statement: 'A row.',
  source: 'test',
  create: [pipe('r', 'w')],
  fd: 'r',
  revents: 'HUP',
  withoutEvents: '0',
  select: 'r',
}

const closing: ReadinessRow = { ...row, before: nothing, transition: [close('w')] }

function stepsOf(check: Check | undefined, backend: BackendName): readonly Step[] {
  return check !== undefined && 'steps' in check && typeof check.steps === 'function'
    ? check.steps(backend)
    : []
}

/** The operations of the check's runs, each run on its own; what is repeated is named once. */
function runsOf(checked: ReadinessRow, backend: BackendName): string[][] {
  const runs: string[][] = [[]]
  for (const { op } of stepsOf(readinessCheck(checked), backend)) {
    if (op === 'close-all') runs.push([])
    else if (op !== 'epoll.ctl' && runs.at(-1)?.at(-1) !== op) runs.at(-1)?.push(op)
  }
  expect(runs.pop()).toEqual([])
  return runs
}

const polls = (checked: ReadinessRow): readonly Step[] =>
  stepsOf(readinessCheck(checked), 'poll').filter(({ op }) => op === 'poll')

describe('readinessCheck', () => {
  it('adds to epoll after the transition, and before it', () => {
    const late = ['pipe', 'close', 'epoll', 'epoll.wait']
    const early = ['pipe', 'epoll', 'epoll.wait', 'close', 'epoll.wait']
    expect(runsOf(closing, 'epoll')).toEqual([late, early])
  })

  it('asks for the state before the transition only where the row says what it is', () => {
    const early = ['pipe', 'epoll', 'close', 'epoll.wait']
    expect(runsOf({ ...row, transition: [close('w')] }, 'epoll').at(-1)).toEqual(early)
  })

  it('needs one order where there is no transition', () => {
    expect(runsOf(row, 'epoll')).toEqual([['pipe', 'epoll', 'epoll.wait']])
  })

  it('asks poll and select before and after the transition', () => {
    expect(runsOf(closing, 'poll')).toEqual([['pipe', 'poll', 'close', 'poll']])
    expect(runsOf(closing, 'select')).toEqual([['pipe', 'select', 'close', 'select']])
  })

  it('tries every transition, and what follows after each', () => {
    const others = [[write('w', 1), close('w')]]
    const also = [{ ...row, steps: [close('r')] }]
    const runs = runsOf({ ...row, transition: [close('w')], otherTransitions: others, also }, 'select')
    expect(runs).toEqual([
      ['pipe', 'close', 'select', 'close', 'select'],
      ['pipe', 'write', 'close', 'select', 'close', 'select'],
    ])
  })

  it('asks for everything, for each bit, and for nothing, and expects no more than was asked for', () => {
    const readable = { ...row, revents: 'IN|RDHUP|HUP', withoutEvents: 'HUP' }
    expect(polls(readable)).toMatchObject([
      { fds: { r: 'IN|OUT|PRI|RDHUP' }, expect: { r: 'IN|HUP|RDHUP' } },
      { fds: { r: 'IN' }, expect: { r: 'IN|HUP' } },
      { fds: { r: 'OUT' }, expect: { r: 'HUP' } },
      { fds: { r: 'PRI' }, expect: { r: 'HUP' } },
      { fds: { r: 'RDHUP' }, expect: { r: 'HUP|RDHUP' } },
      { fds: { r: '0' }, expect: { r: 'HUP' } },
    ])
  })

  it('expects nothing to be reported where there is nothing to report', () => {
    expect(polls({ ...row, ...nothing })).toMatchObject(Array(6).fill({ expect: {} }))
  })

  it('asks select with all sets, and with each alone', () => {
    const selects = stepsOf(readinessCheck({ ...row, select: 'rx' }), 'select')
    expect(selects.filter(({ op }) => op === 'select')).toMatchObject([
      { fds: { r: 'rwx' }, expect: { r: 'rx' } },
      { fds: { r: 'r' }, expect: { r: 'r' } },
      { fds: { r: 'w' }, expect: {} },
      { fds: { r: 'x' }, expect: { r: 'x' } },
    ])
  })

  it('asks for another descriptor with everything and with nothing', () => {
    const other = { steps: [], fd: 'w', ...nothing }
    const masks = polls({ ...row, also: [other] }).flatMap((step) =>
      step.op === 'poll' ? Object.entries(step.fds) : [],
    )
    expect(masks.filter(([fd]) => fd === 'w').map(([, mask]) => mask)).toEqual(['IN|OUT|PRI|RDHUP', '0'])
  })
})

describe('wakingChecks', () => {
  const waitersOf = (checked: ReadinessRow, backend: BackendName): string[] =>
    stepsOf(wakingChecks(checked)[0], backend).flatMap((step) => (step.op === 'thread' ? [step.thread] : []))

  it('lets threads wait, and then the transition happen', () => {
    const [check] = wakingChecks({ ...closing, withoutEvents: 'HUP' })
    expect(check).toMatchObject({ id: 'ready.transition-woken.test', kind: 'thread', threads: 3 })
    const ops = stepsOf(check, 'poll').map(({ op }) => op)
    expect(ops).toEqual(
      ['pipe', ...Array(3).fill('thread'), ...Array(3).fill('blocked'), 'close'].concat(
        Array(3).fill('join'),
        Array(3).fill('poll'),
      ),
    )
  })

  it('lets those wait who have no answer before, and one after', () => {
    const atEnd = { ...closing, before: { ...nothing, revents: 'OUT' }, revents: 'IN|OUT|RDHUP' }
    const masks = ['IN|PRI|RDHUP', 'IN', 'RDHUP']
    expect(waitersOf(atEnd, 'epoll')).toEqual(masks.map((mask) => `waiter for ${mask}`))
    expect(waitersOf(atEnd, 'select')).toEqual(['waiter for IN|PRI|RDHUP', 'waiter for IN'])
  })

  it('is content with a part where the bits come one by one', () => {
    const [check] = wakingChecks({ ...closing, arrives: 'bit by bit' })
    const expected = stepsOf(check, 'poll').flatMap((step) =>
      step.op === 'thread' && step.step.op === 'poll' ? [step.step.expect] : [],
    )
    expect(expected).toEqual(Array(2).fill({ r: 'some of HUP' }))
  })

  it('makes no check where nothing changes, and none of what other threads do not see', () => {
    expect(wakingChecks({ ...closing, ...nothing })).toEqual([])
    expect(wakingChecks(row)).toEqual([])
    expect(wakingChecks({ ...closing, arrives: 'for this thread' })).toEqual([])
  })
})
