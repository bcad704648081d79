import type { CheckResult, Outcome } from './check.ts'
import { countOutcomes } from './report.ts'

/** From what must be seen first to what need not be seen at all. */
const worstFirst: readonly Outcome[] = ['fail', 'broken', 'diverges', 'unsupported', 'pass']

/**
 * The results of one check that ran several times, as one: the first of its worst, with how often each outcome
 * came. Undefined where there is none.
 */
export function mergeRuns(results: readonly CheckResult[]): CheckResult | undefined {
  const [first] = results.toSorted((a, b) => worstFirst.indexOf(a.outcome) - worstFirst.indexOf(b.outcome))
  if (first === undefined || results.length === 1) return first
  const counts = Object.entries(countOutcomes(results)).filter(([, count]) => count > 0)
  const total = results.reduce((sum, { durationMs }) => sum + durationMs, 0)
  return {
    ...first,
    durationMs: Math.round(total * 1000) / 1000,
    runs: Object.fromEntries(counts),
  }
}
