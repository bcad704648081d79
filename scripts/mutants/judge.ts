/** Whether what verify found in a mutant is what it must find. */
import type { CheckResult } from '../../src/conformance/check.ts'
import { matchingIds } from '../../src/conformance/selection.ts'
import type { Mutant } from './mutant.ts'

/** What a run of verify with a mutant gave. */
export interface Examination {
  readonly results: readonly CheckResult[]
  /** What went wrong besides, in evloop itself: it must not. */
  readonly complaints: readonly string[]
  readonly durationMs: number
}

export interface Verdict {
  /** The results that found something wrong. */
  readonly findings: readonly CheckResult[]
  /** Why this is not good enough. Empty: it was caught as it must be. */
  readonly problems: readonly string[]
}

/** A quirk that is different has no worse outcome than `diverges`, so that is a finding too. */
const isFinding = ({ outcome }: CheckResult): boolean => outcome === 'fail' || outcome === 'diverges'

/** Every check of `Caught by` must have found the fault, and none may have broken. */
export function judge(mutant: Mutant, { results, complaints }: Examination): Verdict {
  const findings = results.filter(isFinding)
  const missed = mutant.caughtBy.filter((pattern) => resultsOf(pattern, findings).length === 0)
  const broken = results.filter(({ outcome }) => outcome === 'broken')
  const { says } = mutant
  const unsaid = says !== undefined && !findings.some((result) => whatItSays(result).includes(says))
  return {
    findings,
    problems: [
      ...missed.map((pattern) => `not caught by ${pattern}${howItWent(pattern, results)}`),
      ...broken.map(({ id, step, message }) => `${id} is broken at ${step}: ${message}`),
      ...results.filter(hasStackTrace).map(({ id }) => `${id} tells a stack trace`),
      ...(unsaid ? [`no finding says "${says}"`] : []),
      ...complaints,
    ],
  }
}

/** A result in a line. */
export function whatItSays({ expected, actual, step }: CheckResult): string {
  return `${expected} -> ${actual} at ${step}`
}

/** What those that should have found it said instead, if they did not all pass. */
function howItWent(pattern: string, results: readonly CheckResult[]): string {
  const ran = resultsOf(pattern, results)
  if (ran.length === 0) return ', which did not run'
  const other = ran.find(({ outcome }) => outcome !== 'pass')
  return other === undefined ? '' : `, which is ${other.outcome}: ${other.message}`
}

/** The results of the checks that a pattern stands for. */
function resultsOf(pattern: string, results: readonly CheckResult[]): CheckResult[] {
  const ids = new Set(
    matchingIds(
      pattern,
      results.map(({ id }) => id),
    ),
  )
  return results.filter(({ id }) => ids.has(id))
}

function hasStackTrace({ message = '', actual = '' }: CheckResult): boolean {
  return /\n\s+at /.test(message) || /\n\s+at /.test(actual)
}
