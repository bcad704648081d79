/** Whether what verify found in a library is what it must find. */
import type { CheckResult } from '../../src/conformance/check.ts'
import { matchingIds } from '../../src/conformance/selection.ts'
import type { Control, Mutant } from './mutant.ts'

/** What a run of verify with a library gave. */
export interface Examination {
  readonly results: readonly CheckResult[]
  /** What went wrong besides, in evloop itself: it must not. */
  readonly complaints: readonly string[]
  readonly durationMs: number
}

export interface Verdict {
  /** The results that found something wrong. */
  readonly findings: readonly CheckResult[]
  /** Why this is not good enough. Empty: the library is as it must be. */
  readonly problems: readonly string[]
}

/** A quirk that is different has no worse outcome than `diverges`, so that is a finding too. */
const isFinding = ({ outcome }: CheckResult): boolean => outcome === 'fail' || outcome === 'diverges'

/** Every check of `Caught by` must have found the fault, and none may have broken. */
export function judgeMutant(mutant: Mutant, examination: Examination): Verdict {
  const { results } = examination
  const findings = results.filter(isFinding)
  const missed = mutant.caughtBy.filter((pattern) => resultsOf(pattern, findings).length === 0)
  const { says } = mutant
  const unsaid = says !== undefined && !findings.some((result) => whatItSays(result).includes(says))
  return {
    findings,
    problems: [
      ...missed.map((pattern) => `not caught by ${pattern}${howItWent(pattern, results)}`),
      ...(unsaid ? [`no finding says "${says}"`] : []),
      ...faultsOfOurs(examination),
    ],
  }
}

/** Nothing may be found but what the library cannot do, and every check must have run. */
export function judgeControl(control: Control, examination: Examination): Verdict {
  const { results } = examination
  const findings = results.filter(isFinding)
  const excused = new Set(control.cannot.flatMap((pattern) => resultsOf(pattern, findings)))
  const alarms = findings.filter((result) => !excused.has(result))
  return {
    findings,
    problems: [
      ...alarms.map((result) => `a false alarm: ${result.backend} ${result.id}: ${whatItSays(result)}`),
      ...(results.length === 0 ? ['no check ran'] : []),
      ...faultsOfOurs(examination),
    ],
  }
}

/** A result in a line. */
export function whatItSays({ expected, actual, step }: CheckResult): string {
  return `${expected} -> ${actual} at ${step}`
}

/** What must not happen, whatever the library does. */
function faultsOfOurs({ results, complaints }: Examination): string[] {
  const broken = results.filter(({ outcome }) => outcome === 'broken')
  return [
    ...broken.map(({ id, step, message }) => `${id} is broken at ${step}: ${message}`),
    ...results.filter(hasStackTrace).map(({ id }) => `${id} tells a stack trace`),
    ...complaints,
  ]
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
  const known = results.map(({ id }) => id)
  const ids = new Set(matchingIds(pattern, known))
  return results.filter(({ id }) => ids.has(id))
}

function hasStackTrace({ message = '', actual = '' }: CheckResult): boolean {
  return /\n\s+at /.test(message) || /\n\s+at /.test(actual)
}
