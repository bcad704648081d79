import { describe, expect, it } from 'vitest'
import { checkResult } from '../testing/reports.ts'
import { mergeRuns } from './repeats.ts'

const passed = checkResult({ durationMs: 1.5 })
const failed = checkResult({ outcome: 'fail', expected: 'r IN', actual: 'no events', durationMs: 2 })
const later = checkResult({ outcome: 'fail', expected: 'r IN', actual: 'r HUP', durationMs: 4 })

describe('runs of one check', () => {
  it('are no result if there are none, and the result itself if there is one', () => {
    expect(mergeRuns([])).toBeUndefined()
    expect(mergeRuns([failed])).toBe(failed)
  })

  it('are the first of the worst, with how often each outcome came and how long all took', () => {
    expect(mergeRuns([passed, failed, passed, later])).toEqual({
      ...failed,
      durationMs: 9,
      runs: { pass: 2, fail: 2 },
    })
  })

  it('are better broken than divergent, and better unsupported than passed: what was not learned must be seen', () => {
    const of = (outcome: 'broken' | 'diverges' | 'unsupported'): ReturnType<typeof checkResult> =>
      checkResult({ outcome })
    expect(mergeRuns([passed, of('unsupported')])?.outcome).toBe('unsupported')
    expect(mergeRuns([of('unsupported'), of('diverges')])?.outcome).toBe('diverges')
    expect(mergeRuns([of('diverges'), of('broken')])?.outcome).toBe('broken')
    expect(mergeRuns([of('broken'), failed])?.outcome).toBe('fail')
  })
})
