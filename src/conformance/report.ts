import type { ProbeReport } from '../probe/report.ts'
import { outcomes } from './check.ts'
import type { CheckResult, Outcome } from './check.ts'

/** What `verify` reports. */
export interface VerifyReport {
  readonly schema: 'evloop/verify@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  readonly environment: ProbeReport
  readonly startedAt: string
  readonly durationMs: number
  readonly results: readonly CheckResult[]
  readonly summary: Readonly<Record<Outcome, number>>
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

/** Whether a result must not be overlooked: a check that failed, or one that could not run. */
export function isFinding({ outcome }: Pick<CheckResult, 'outcome'>): boolean {
  return outcome === 'fail' || outcome === 'broken'
}

/** Whether a report holds something that must not be overlooked: a check that failed, or one that could not run. */
export function hasFindings({ summary }: Pick<VerifyReport, 'summary'>): boolean {
  return summary.fail > 0 || summary.broken > 0
}
