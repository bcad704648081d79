import type { Case } from '../workloads/workload.ts'
import type { Random } from '../random.ts'
import type { BenchResult } from './report.ts'
import { medianInterval } from './statistics/bootstrap.ts'
import { median } from './statistics/describe.ts'

/**
 * A result with its difference to the same backend's result of the case that it is held against, if there is one. Both
 * were measured in the same rounds, so it is the median of what each round shows: what slowed a round down slowed both.
 */
export function withDifference(
  result: BenchResult,
  { against }: Case,
  results: readonly BenchResult[],
  random: Random,
): BenchResult {
  const base = results.find(({ variant, backend }) => variant === against && backend === result.backend)
  if (against === undefined || base === undefined) return result
  const differences = result.roundNs.map((ns, round) => ns - (base.roundNs[round] ?? NaN))
  const ci95Ns = medianInterval(differences, random)
  return { ...result, difference: { to: against, ns: median(differences), ci95Ns } }
}
