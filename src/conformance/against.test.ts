import { describe, expect, it } from 'vitest'
import { checkResult, environment, verifyReport } from '../testing/reports.ts'
import { OtherRun } from './against.ts'

const failed = checkResult({
  outcome: 'fail',
  expected: 'r IN',
  actual: 'nothing after 12.5 ms',
  step: 'step 1',
})
const none = new Set<string>()

describe('a run that is held against another', () => {
  it('has the same results where outcomes and what came are the same, whatever it took', () => {
    const here = verifyReport([failed, checkResult({ id: 'b', outcome: 'unsupported', message: 'x' })])
    const there = verifyReport([
      { ...failed, actual: 'nothing after 7 ms', step: 'step 2', durationMs: 7 },
      checkResult({ id: 'b', outcome: 'unsupported', message: 'y' }),
    ])
    const held = new OtherRun('there.json', there).hold(here, none)
    expect(held.results).toEqual(here.results)
    expect(held.against).toEqual({
      file: 'there.json',
      startedAt: there.startedAt,
      environment,
      compared: 2,
      differences: 0,
      onlyHere: [],
      onlyThere: [],
    })
  })

  it('carries how it came out there where that is something else', () => {
    const other = { ...failed, actual: 'r IN|OUT' }
    const held = new OtherRun('x', verifyReport([other, checkResult({ id: 'b' })])).hold(
      verifyReport([failed, checkResult({ id: 'b', outcome: 'unsupported' })]),
      none,
    )
    expect(held.results.map(({ there }) => there)).toEqual([
      { outcome: 'fail', expected: 'r IN', actual: 'r IN|OUT', step: 'step 1' },
      { outcome: 'pass' },
    ])
    expect(held.against?.differences).toBe(2)
  })

  it('names what only one of the two has checked, but not what was left out on purpose', () => {
    const here = verifyReport([checkResult({ id: 'new' }), checkResult({ id: 'both' })])
    const there = verifyReport(
      ['both', 'old', 'left-out'].flatMap((id) => [
        checkResult({ id }),
        checkResult({ id, backend: 'poll' }),
      ]),
    )
    const { against } = new OtherRun('x', there).hold(here, new Set(['left-out']))
    expect(against).toMatchObject({ compared: 1, onlyHere: ['new on epoll'], onlyThere: ['old on epoll'] })
  })
})
