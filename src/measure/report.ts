/** What `bench` reports. Durations of cycles are nanoseconds, per event where a cycle has more than one. */
import type { ProbeReport } from '../probe/report.ts'
import type { BackendName } from '../backends/index.ts'
import type { EventCount } from '../workloads/workload.ts'
import type { CallTax } from './call-tax.ts'
import type { Interval } from './statistics.ts'

/** How the native calls of a cycle are made. `ffi`: one by one, each with the call tax. */
type Driver = 'ffi'

export interface BenchResult {
  readonly workload: string
  readonly backend: BackendName
  /** How many sources were registered. */
  readonly fds: number
  /** How many sources were active at once. */
  readonly active: number
  readonly driver: Driver
  /** How many cycles were timed, and in how many rounds. */
  readonly cycles: number
  readonly rounds: number
  /** How many events a cycle has: every duration below is divided by it. */
  readonly eventsPerCycle: number
  /** Percentiles of single cycles. */
  readonly p50Ns: number
  readonly p90Ns: number
  readonly p99Ns: number
  readonly p999Ns: number
  readonly maxNs: number
  readonly minNs: number
  readonly meanNs: number
  /** The median of the rounds' means, and its 95 % bootstrap interval. */
  readonly medianNs: number
  readonly ci95Ns: Interval
  /** 1e9 / medianNs. */
  readonly opsPerSecond: number
  /** User and system time of the process, per cycle or event; what prepares a cycle is in it too. */
  readonly cpuNs: number
  /** The part of a cycle, or event, that is the tax of its native calls. */
  readonly taxNs: number
  readonly events: EventCount
  /** Against the fastest backend of the same workload: the median of ratios taken round by round. */
  readonly ratio?: { readonly to: BackendName; readonly value: number; readonly ci95: Interval }
}

/** A backend that has no figure for a workload, and why. */
export interface BenchGap {
  readonly workload: string
  readonly backend: BackendName
  readonly fds: number
  /** `unsupported`: it cannot do this here. `failed`: it lost, repeated or invented events, or an error came. */
  readonly outcome: 'unsupported' | 'failed'
  readonly reason: string
  readonly events?: EventCount
}

/** What disturbed the run. */
interface Noise {
  /** How often the scheduler took the processor away during the measurement. */
  readonly involuntaryContextSwitches: number
  /** The load average over one minute, before and after. */
  readonly loadAverage: readonly [before: number, after: number]
}

export interface BenchReport {
  readonly schema: 'evloop/bench@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  readonly environment: ProbeReport
  readonly startedAt: string
  readonly durationMs: number
  /** The seed of the order of rounds and of the resampling. */
  readonly seed: number
  readonly callTax: CallTax
  readonly results: readonly BenchResult[]
  readonly gaps: readonly BenchGap[]
  readonly noise: Noise
  /** Set where the run was interrupted: what is missing was not measured. */
  readonly interrupted?: true
}
