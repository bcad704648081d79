import type { BackendName } from '../../../backends/index.ts'
import type { ProbeReport } from '../../../probe/report.ts'
import type { ObservedEvent } from '../observation.ts'
import type { StepName } from '../schema.ts'

/**
 * How what a step gave on a backend compares with what it must give there: `met`, or `unmet`; `open` where nothing is
 * expected; `ended` where the process crashed or hung in it; `missing` where it was not made.
 */
export const cellOutcomes = ['met', 'unmet', 'open', 'ended', 'missing'] as const
type CellOutcome = (typeof cellOutcomes)[number]

/** What a step gave on one backend. */
export interface Cell {
  readonly outcome: CellOutcome
  /** What it gave, in words; of an end, what ended the process. */
  readonly given?: string
  /** What it must give, in words. */
  readonly expected?: string
  /** The events of a wait, in the order in which they came. */
  readonly events?: readonly ObservedEvent[]
}

export interface StepReport {
  readonly op: StepName
  /** The step in words. */
  readonly text: string
  readonly note?: string
  readonly on: Readonly<Partial<Record<BackendName, Cell>>>
  /** Set where backends gave different things, and nothing is expected that would say which are right. */
  readonly differs?: true
}

/** One backend that was to play a scenario. */
export interface ColumnReport {
  readonly backend: BackendName
  /** How many of the steps it made. */
  readonly made: number
  /** Why it made no more, or none, through no fault of its own. */
  readonly reason?: string
  /** What ended its process: a finding. It was in the step behind those made, or, behind the last, tidied up. */
  readonly cause?: string
}

export interface ScenarioReport {
  /** The file as it was named. */
  readonly file: string
  readonly name: string
  readonly description?: string
  readonly source?: string
  readonly language: 'epoll' | 'portable'
  readonly columns: readonly ColumnReport[]
  readonly steps: readonly StepReport[]
}

/** How many cells there are of each outcome; how many steps differ; how many backends crashed or hung, or made none. */
export interface RunSummary extends Readonly<Record<CellOutcome, number>> {
  readonly differs: number
  readonly crashed: number
  readonly unable: number
}

/** What `run` reports. */
export interface RunReport {
  readonly schema: 'evloop/run@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  readonly environment: ProbeReport
  readonly startedAt: string
  readonly durationMs: number
  readonly scenarios: readonly ScenarioReport[]
  readonly summary: RunSummary
  /** Set where the run was interrupted: steps are missing for that. */
  readonly interrupted?: true
}

/** Whether something is not as expected: a step gave something else, or a backend crashed or hung. */
export function hasRunFindings({ summary }: RunReport): boolean {
  return summary.unmet > 0 || summary.crashed > 0
}

export function summaryOf(scenarios: readonly ScenarioReport[]): RunSummary {
  const steps = scenarios.flatMap((scenario) => scenario.steps)
  const columns = scenarios.flatMap((scenario) => scenario.columns)
  const cells = steps.flatMap(({ on }) => Object.values(on))
  const count = (outcome: CellOutcome): number => cells.filter((cell) => cell.outcome === outcome).length
  return {
    met: count('met'),
    unmet: count('unmet'),
    open: count('open'),
    ended: count('ended'),
    missing: count('missing'),
    differs: steps.filter(({ differs }) => differs).length,
    crashed: columns.filter(({ cause }) => cause !== undefined).length,
    unable: columns.filter(({ made, reason }) => made === 0 && reason !== undefined).length,
  }
}
