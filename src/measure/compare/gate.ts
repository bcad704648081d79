import type { Compared } from '../statistics/verdict.ts'
import type { CompareReport, Doubt, Gate, GateSide, OtherFile } from './report.ts'

/** Exit codes of a comparison; 1 and 4 only of one with a gate. */
const ExitCode = { PASSED: 0, REGRESSION: 1, UNDECIDED: 4 } as const

/**
 * Where a figure stands to the limit. Beyond it is what is established as slower (threshold, noise floor and p are in
 * the verdict) with the whole interval above the limit. Within it is what has its whole interval below.
 */
export function sideOf(
  { ci95: [low, high], verdict, doubt }: Pick<Compared, 'ci95' | 'verdict'> & { readonly doubt?: Doubt },
  limit: number,
): GateSide {
  if (doubt !== undefined) return 'undecided'
  if (high <= 1 + limit) return 'within'
  return verdict === 'slower' && low > 1 + limit ? 'beyond' : 'undecided'
}

/** The gate over all figures of all files. A failure weighs as much as a regression. */
export function gateOf(others: readonly OtherFile[], limit: number): Gate {
  const sides = others.flatMap(({ comparisons }) => comparisons.map(({ gate }) => gate))
  const countOf = (side: GateSide): number => sides.filter((one) => one === side).length
  const beyond = countOf('beyond')
  const undecided = countOf('undecided') + others.flatMap(({ notComparable }) => notComparable).length
  const failed = others.flatMap((other) => other.failed).length
  // A file of which nothing could be compared has not passed.
  const nothing = others.some(({ comparisons }) => comparisons.length === 0)
  const outcome = beyond + failed > 0 ? 'failed' : undecided > 0 || nothing ? 'undecided' : 'passed'
  return { limit, outcome, within: countOf('within'), beyond, undecided, failed }
}

/** 0 without a gate, or if it passed; 1 if it failed; 4 if it could not be decided. */
export function compareExitCode({ gate }: CompareReport): number {
  switch (gate?.outcome) {
    case 'failed':
      return ExitCode.REGRESSION
    case 'undecided':
      return ExitCode.UNDECIDED
    case 'passed':
    case undefined:
      return ExitCode.PASSED
  }
}
