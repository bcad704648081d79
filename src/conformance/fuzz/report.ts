import type { BackendName } from '../../backends/index.ts'
import type { ProbeReport } from '../../probe/report.ts'
import type { Scenario } from '../scenarios/schema.ts'

/** What `evloop fuzz` found. */
export interface FuzzReport {
  readonly schema: 'evloop/fuzz@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  readonly environment: ProbeReport
  readonly startedAt: string
  readonly durationMs: number
  /** The programs are this number's own, on every machine. */
  readonly seed: number
  readonly results: readonly FuzzResult[]
  readonly interrupted?: true
}

/** What came of one backend. */
export interface FuzzResult {
  readonly backend: BackendName
  readonly programs: number
  readonly steps: number
  readonly durationMs: number
  /** The rules that have explained a difference, and how often. */
  readonly rules: readonly UsedRule[]
  /** The first difference that none explains. */
  readonly difference?: FoundDifference
  /** Why no program was played on it. */
  readonly unsupported?: string
}

export interface UsedRule {
  readonly id: string
  readonly times: number
  readonly reason: string
  readonly source: string
}

export interface FoundDifference {
  /** Which of the programs of the seed it is. */
  readonly program: number
  /** What the backend gave, or what has become of the process. */
  readonly actual: string
  readonly expected: string
  /** What is wrong with that, where it does not meet the eye. */
  readonly why?: string
  /** The steps of the program as it was found, and of the scenario. */
  readonly foundSteps: number
  readonly scenario: Scenario
}
