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
    expect(runsOf({ ...row, transition: [close('w')] }, 'epoll')).toEqual([late, early, late, early])
  })

  it('needs one order where there is no transition', () => {
    expect(runsOf(row, 'epoll')).toEqual(Array(2).fill(['pipe', 'epoll', 'epoll.ctl', 'epoll.wait']))
  })

  it('asks poll with each mask, and select once', () => {
    expect(runsOf(row, 'poll')).toEqual([
      ['pipe', 'poll'],
      ['pipe', 'poll'],
    ])
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
  })

  it('expects nothing to be reported where there is nothing to report', () => {
    expect(stepsOf(row, 'poll').filter(({ op }) => op === 'poll')).toMatchObject([
      { fds: { r: 'IN|OUT|PRI|RDHUP' }, expect: { r: 'HUP' } },
      { fds: { r: '0' }, expect: {} },
    ])
  })
})
