import type { Outcome } from './check.ts'
import type { JudgedResult, VerifyReport } from './report.ts'

/** How a result is to be taken: what its outcome means, given what it was held against. */
export interface Verdict {
  /**
   * - `well`: it passed, and was meant to.
   * - `finding`: it must not be overlooked, and the exit code says so.
   * - `tolerated`: it did not pass, and is no finding: a quirk, an expected failure, what fails elsewhere too.
   * - `skipped`: it could not be checked here.
   */
  readonly kind: 'well' | 'finding' | 'tolerated' | 'skipped'
  /** In words: `ok`, `failed`, `expected failure`, `unexpected pass`. */
  readonly words: string
}

/** How outcomes are written. */
const outcomeWords: Readonly<Record<Outcome, string>> = {
  pass: 'ok',
  fail: 'failed',
  diverges: 'divergent',
  unsupported: 'unsupported',
  broken: 'broken',
}

/** How a result of a report is to be taken. */
export function verdictOf(result: JudgedResult, report: Pick<VerifyReport, 'strict' | 'against'>): Verdict {
  const { outcome, there, unexpected, expectedBy } = result
  if (there !== undefined) {
    return { kind: 'finding', words: `${outcomeWords[outcome]} here, ${outcomeWords[there.outcome]} there` }
  }
  if (unexpected !== undefined) {
    return {
      kind: 'finding',
      words: outcome === 'pass' ? 'unexpected pass' : `${outcomeWords[outcome]} unexpectedly`,
    }
  }
  if (outcome === 'pass') return { kind: 'well', words: 'ok' }
  if (outcome === 'unsupported') return { kind: 'skipped', words: outcomeWords.unsupported }
  if (expectedBy !== undefined) {
    return {
      kind: 'tolerated',
      words: outcome === 'fail' ? 'expected failure' : `${outcomeWords[outcome]} as expected`,
    }
  }
  if (report.against !== undefined) return { kind: 'tolerated', words: `${outcomeWords[outcome]} there too` }
  const tolerated = outcome === 'diverges' && report.strict !== true
  return { kind: tolerated ? 'tolerated' : 'finding', words: outcomeWords[outcome] }
}

/** Whether a result must not be overlooked. */
export function isFinding(result: JudgedResult, report: Pick<VerifyReport, 'strict' | 'against'>): boolean {
  return verdictOf(result, report).kind === 'finding'
}

/** Whether a report holds something that must not be overlooked: the exit code says so. */
export function hasFindings(report: Pick<VerifyReport, 'results' | 'strict' | 'against'>): boolean {
  return report.results.some((result) => isFinding(result, report))
}
