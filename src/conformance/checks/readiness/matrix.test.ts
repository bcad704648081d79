import { describe, expect, it } from 'vitest'
import type { BackendName } from '../../../backends/index.ts'
import { close, pipe, write } from '../../build.ts'
import type { Step } from '../../steps.ts'
import { readinessCheck } from './matrix.ts'
import type { ReadinessRow } from './matrix.ts'

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

function stepsOf(checked: ReadinessRow, backend: BackendName): readonly Step[] {
  const check = readinessCheck(checked)
  return 'steps' in check && typeof check.steps === 'function' ? check.steps(backend) : []
}

/** The operations of the check's runs, each run on its own. */
function runsOf(checked: ReadinessRow, backend: BackendName): string[][] {
  const runs: string[][] = [[]]
  for (const { op } of stepsOf(checked, backend)) {
    if (op === 'close-all') runs.push([])
    else runs.at(-1)?.push(op)
  }
  expect(runs.pop()).toEqual([])
  return runs
}

describe('readinessCheck', () => {
  it('adds to epoll before and after the transition, with each mask', () => {
    const late = ['pipe', 'close', 'epoll', 'epoll.ctl', 'epoll.wait']
    const early = ['pipe', 'epoll', 'epoll.ctl', 'close', 'epoll.wait']
    const eachMask = Array.from({ length: 4 }, () => [late, early]).flat()
    expect(runsOf({ ...row, transition: [close('w')] }, 'epoll')).toEqual(eachMask)
    expect(runsOf({ ...row, transition: [close('w')], mask: 'IN' }, 'epoll')).toEqual(eachMask.slice(4))
  })

  it('needs one order where there is no transition', () => {
    expect(runsOf(row, 'epoll')).toEqual(Array(4).fill(['pipe', 'epoll', 'epoll.ctl', 'epoll.wait']))
  })

  it('asks poll with each mask, and select once', () => {
    expect(runsOf(row, 'poll')).toEqual(Array(4).fill(['pipe', 'poll']))
    expect(runsOf(row, 'select')).toEqual([['pipe', 'select']])
  })

  it('tries every transition, and what follows after each', () => {
    const runs = runsOf(
      {
        ...row,
        transition: [close('w')],
        otherTransitions: [[write('w', 1), close('w')]],
        also: [{ ...row, steps: [close('r')] }],
      },
      'select',
    )
    expect(runs).toEqual([
      ['pipe', 'close', 'select', 'close', 'select'],
      ['pipe', 'write', 'close', 'select', 'close', 'select'],
    ])
  })

  it('lets a thread wait where the transition must wake it', () => {
    const woken = { ...row, transition: [close('w')], wakes: true }
    expect(runsOf(woken, 'select').at(-1)).toEqual(['pipe', 'thread', 'blocked', 'close', 'join'])
    expect(readinessCheck(woken)).toMatchObject({ kind: 'thread', threads: 1 })
    // Who asks for one direction may not be woken by it, so only who asks for all or nothing waits.
    expect(runsOf(woken, 'poll').filter((run) => run.includes('join'))).toHaveLength(2)
  })

  it('expects nothing to be reported where there is nothing to report', () => {
    expect(stepsOf(row, 'poll').filter(({ op }) => op === 'poll')).toMatchObject([
      { fds: { r: 'IN|OUT|PRI|RDHUP' }, expect: { r: 'HUP' } },
      { fds: { r: 'IN' }, expect: { r: 'HUP' } },
      { fds: { r: 'OUT' }, expect: { r: 'HUP' } },
      { fds: { r: '0' }, expect: {} },
    ])
  })

  it('expects of who asks for one direction its own events, and ERR and HUP', () => {
    const readable = { ...row, revents: 'IN|RDHUP' }
    expect(stepsOf(readable, 'poll').filter(({ op }) => op === 'poll')).toMatchObject([
      { expect: { r: 'IN|RDHUP' } },
      { fds: { r: 'IN' }, expect: { r: 'IN' } },
      { fds: { r: 'OUT' }, expect: {} },
      { expect: {} },
    ])
  })
})
