import type { ProbeReport } from '../probe/report.ts'
import { outcomes } from './check.ts'
import type { CheckResult, Outcome } from './check.ts'
import type { SavedVerifyReport } from './saved/schema.ts'

/** A result, and what an expectation file or another machine's report says of it. */
export interface JudgedResult extends CheckResult {
  /** An entry of the expectation file (`--expect`) says that it comes out so. */
  readonly expectedBy?: { readonly id: string; readonly reason: string }
  /** An entry of the expectation file says that it comes out otherwise. */
  readonly unexpected?: {
    readonly id: string
    readonly outcome: readonly Outcome[]
    readonly reason: string
  }
  /** How it came out on the other machine (`--against`), where that is something else. */
  readonly there?: Pick<CheckResult, 'outcome' | 'expected' | 'actual' | 'step' | 'message'>
}

/** What a run was held against by `--expect`. */
interface ExpectationsReport {
  /** The file as it was named. */
  readonly file: string
  /** Entries, by id, that were about no check at all. */
  readonly unknown: readonly string[]
}

/** What a run was held against by `--against`. */
export interface AgainstReport {
  /** The file as it was named. */
  readonly file: string
  readonly startedAt: string
  readonly environment: SavedVerifyReport['environment']
  /** How many results both have. */
  readonly compared: number
  /** How many of them differ: their results carry `there`. */
  readonly differences: number
  /** What only one of the two has checked, each as `id on backend`. */
  readonly onlyHere: readonly string[]
  readonly onlyThere: readonly string[]
}

/** How many results there are of each outcome, and of those, with an expectation file: */
interface VerifySummary extends Readonly<Record<Outcome, number>> {
  /** how many came out as an entry says, other than by passing, */
  readonly expected?: number
  /** and how many came out otherwise than the entries about them say. */
  readonly unexpected?: number
}

/** What `verify` reports. */
export interface VerifyReport {
  readonly schema: 'evloop/verify@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  readonly environment: ProbeReport
  readonly startedAt: string
  readonly durationMs: number
  readonly results: readonly JudgedResult[]
  readonly summary: VerifySummary
  /** Set where a quirk that diverges counts as a finding (`--strict`). */
  readonly strict?: true
  readonly expectations?: ExpectationsReport
  readonly against?: AgainstReport
  /** The seed of the order in which the checks ran, where it was not that of the catalogue. */
  readonly seed?: number
  /** Set where the run was to stop at its first finding, and did. */
  readonly stopped?: true
  /** Set where the run was interrupted: what is missing was not checked. */
  readonly interrupted?: true
}

/** How many results there are of each outcome. */
export function countOutcomes(results: readonly CheckResult[]): Record<Outcome, number> {
  const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  for (const { outcome } of results) counts[outcome]++
  return counts
}
