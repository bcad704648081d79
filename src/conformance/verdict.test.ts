import { describe, expect, it } from 'vitest'
import { checkResult, environment } from '../testing/reports.ts'
import { outcomes } from './check.ts'
import type { AgainstReport } from './report.ts'
import { hasFindings, verdictOf } from './verdict.ts'

const against: AgainstReport = {
  file: 'other.json',
  environment,
  startedAt: '2026-01-02T03:04:05.678Z',
  compared: 1,
  differences: 0,
  onlyHere: [],
  onlyThere: [],
}

describe('the verdict on a result', () => {
  it.each([
    ['pass', 'well', 'ok'],
    ['fail', 'finding', 'failed'],
    ['broken', 'finding', 'broken'],
    ['diverges', 'tolerated', 'divergent'],
    ['unsupported', 'skipped', 'unsupported'],
  ] as const)('%s is %s, in words: %s', (outcome, kind, words) => {
    expect(verdictOf(checkResult({ outcome }), {})).toEqual({ kind, words })
  })

  it('is a finding for a quirk that diverges if it is to be strict, and for nothing else', () => {
    const kinds = outcomes.map((outcome) => [
      outcome,
      verdictOf(checkResult({ outcome }), { strict: true }).kind,
    ])
    expect(Object.fromEntries(kinds)).toEqual({
      pass: 'well',
      fail: 'finding',
      diverges: 'finding',
      unsupported: 'skipped',
      broken: 'finding',
    })
  })

  it.each([
    ['fail', 'tolerated', 'expected failure'],
    ['broken', 'tolerated', 'broken as expected'],
    ['diverges', 'tolerated', 'divergent as expected'],
    ['unsupported', 'skipped', 'unsupported'],
    ['pass', 'well', 'ok'],
  ] as const)('%s that was expected is %s, in words: %s', (outcome, kind, words) => {
    const result = { ...checkResult({ outcome }), expectedBy: { id: '*', reason: 'known' } }
    expect(verdictOf(result, { strict: true })).toEqual({ kind, words })
  })

  it.each([
    ['pass', 'unexpected pass'],
    ['fail', 'failed unexpectedly'],
    ['diverges', 'divergent unexpectedly'],
  ] as const)('%s that was not expected is a finding, in words: %s', (outcome, words) => {
    const unexpected = { id: '*', outcome: ['unsupported'] as const, reason: 'known' }
    expect(verdictOf({ ...checkResult({ outcome }), unexpected }, {})).toEqual({ kind: 'finding', words })
  })

  it('is by what differs, where it is held against another machine', () => {
    const failed = checkResult({ outcome: 'fail' })
    expect(verdictOf(failed, { against })).toEqual({ kind: 'tolerated', words: 'failed there too' })
    expect(verdictOf({ ...failed, there: { outcome: 'pass' } }, { against })).toEqual({
      kind: 'finding',
      words: 'failed here, ok there',
    })
    const well = { ...checkResult(), there: { outcome: 'unsupported' as const } }
    expect(verdictOf(well, { against })).toEqual({ kind: 'finding', words: 'ok here, unsupported there' })
  })
})

describe('findings', () => {
  it('are in a report if there is one in its results', () => {
    expect(hasFindings({ results: [] })).toBe(false)
    expect(hasFindings({ results: [checkResult(), checkResult({ outcome: 'unsupported' })] })).toBe(false)
    expect(hasFindings({ results: [checkResult(), checkResult({ outcome: 'broken' })] })).toBe(true)
  })
})
