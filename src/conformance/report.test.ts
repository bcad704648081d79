import { describe, expect, it } from 'vitest'
import { outcomes } from './check.ts'
import type { Outcome } from './check.ts'
import { countOutcomes } from './report.ts'

const summary = (...found: Outcome[]): Record<Outcome, number> =>
  countOutcomes(
    found.map((outcome) => ({
      id: 'x.y',
      family: 'x',
      backend: 'epoll',
      level: 'contract',
      outcome,
      durationMs: 1,
    })),
  )

describe('the summary of a verify report', () => {
  it('counts every outcome, also those that did not occur', () => {
    expect(summary('pass', 'fail', 'pass')).toEqual({
      pass: 2,
      fail: 1,
      diverges: 0,
      unsupported: 0,
      broken: 0,
    })
    expect(Object.keys(summary())).toEqual([...outcomes])
  })
})
