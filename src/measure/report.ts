/** What `bench` reports. Durations of cycles are nanoseconds, per event where a cycle has more than one. */
import type { ProbeReport } from '../probe/report.ts'
import type { BackendName } from '../backends/index.ts'
import type { Trigger } from '../backends/backend.ts'
import type { SourceKind } from '../workloads/sources.ts'
import type { EventCount, HerdDetail, LibeventDetail, PoolDetail } from '../workloads/workload.ts'
import type { CallTax } from './call-tax.ts'
import type { CompareReport } from './compare/report.ts'
import type { Noise } from './noise.ts'
import type { Interval } from './statistics/describe.ts'
import type { Verdict } from './statistics/verdict.ts'

/**
 * How the native calls of a cycle are made. `replay`: recorded once and repeated by native code, as a C program
 * makes them. `ffi`: one by one from JavaScript, each with the call tax.
 */
export type Driver = 'replay' | 'ffi'

/** Which driver was chosen, and why. Workloads of a runtime have `ffi` all the same: each result says its own. */
export interface DriverReport {
  readonly name: Driver
  /** Why it is this one: where the replayer comes from, or what kept it from being used. */
  readonly reason: string
  /** `forked`: replayed in a process of one thread, like a plain C program; `threaded`: in a process with threads. */
  readonly process?: 'forked' | 'threaded'
}

/** A figure held against another one of the same run or of another file. */
export interface Comparison {
  /** The median of ratios taken round by round; between files, the ratio of the medians. */
  readonly value: number
  readonly ci95: Interval
  /** Of the rank test, corrected for how many comparisons were made (Holm). */
  readonly p: number
  readonly verdict: Verdict
}

export interface BenchResult {
  readonly workload: string
  /**
   * Which of its forms, for a workload that has several: `1 ms`, `edge, one poller`. Of a runtime: `bare` is the same
   * work by hand.
   */
  readonly variant?: string
  readonly backend: BackendName
  /** How many sources were registered. */
  readonly fds: number
  /** How many sources were active at once. */
  readonly active: number
  readonly driver: Driver
  /** How many cycles were run, in how many rounds, and how many of them were timed one by one. */
  readonly cycles: number
  readonly rounds: number
  readonly samples: number
  /** How many events a cycle has: every duration below is divided by it. */
  readonly eventsPerCycle: number
  /** How many native calls a cycle makes. */
  readonly callsPerCycle: number
  /** Percentiles of single cycles, less the cost of reading the clock. */
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
  /** The mean of each round, in order: what comparisons are made of. */
  readonly roundNs: readonly number[]
  /** 1e9 / medianNs. */
  readonly opsPerSecond: number
  /** User and system time of the measuring process, per cycle or event; what prepares a cycle is in it too. */
  readonly cpuNs: number
  /** The part of a cycle, or event, that is evloop's own: what the driver needs for its calls. */
  readonly taxNs: number
  /** How many single cycles lie outside of Tukey's fences (1.5 and 3 interquartile ranges). None is left out. */
  readonly outliers: { readonly mild: number; readonly severe: number }
  /** Spearman's rank correlation of round and mean, where it says that the figure drifts. */
  readonly drift?: number
  readonly events: EventCount
  /** Against the fastest backend of the same workload. */
  readonly ratio?: Comparison & { readonly to: BackendName }
  /** Of the same backend against another variant, which was measured in the same rounds. */
  readonly difference?: Difference
  /** What some workloads tell besides their durations. */
  readonly herd?: HerdDetail
  readonly libevent?: LibeventDetail
  readonly pool?: PoolDetail
}

/** How much more one variant takes than another: of a runtime, what it adds to the same work by hand. */
interface Difference {
  /** The variant that it is held against. */
  readonly to: string
  /** The median of the differences of each round, for an event, and its 95 % bootstrap interval. */
  readonly ns: number
  readonly ci95Ns: Interval
}

/** Wake-up latency by the clock: signals are sent when they are due, whether the last one was handled or not. */
export interface OpenLoopResult {
  readonly workload: string
  readonly variant?: string
  readonly backend: BackendName
  readonly rateHz: number
  readonly signals: number
  /** The timer slack that the sender was given, so that its own lateness does not count. */
  readonly timerSlackNs: number
  /** From when a signal was due: what a caller waits, delays of the sender included. */
  readonly corrected: Percentiles
  /** From when it was sent: what remains if nobody counts the waiting that came before. */
  readonly uncorrected: Percentiles
}

export interface Percentiles {
  readonly p50Ns: number
  readonly p90Ns: number
  readonly p99Ns: number
  readonly p999Ns: number
  readonly maxNs: number
}

/** The same backend entered twice: what differs here differs by chance, so no smaller difference is a finding. */
export interface Control extends Comparison {
  readonly workload: string
  readonly variant?: string
  readonly backend: BackendName
  readonly fds: number
  /** The largest difference that the interval does not exclude, as a fraction of 1. */
  readonly floor: number
}

/** How a workload's cost grows with the number of descriptors, by Theil and Sen. */
export interface Scaling {
  readonly workload: string
  readonly variant?: string
  readonly backend: BackendName
  readonly nsPerFd: number
  readonly ci95: Interval
  readonly baseNs: number
  /** The median at the largest size over that at the smallest. */
  readonly growth: number
}

/** The size at which one backend becomes cheaper than another. */
export interface Crossover {
  readonly workload: string
  readonly variant?: string
  /** Cheaper below. */
  readonly below: BackendName
  /** Cheaper above. */
  readonly above: BackendName
  readonly fds: number
}

/** A backend that has no figure for a workload, and why. */
export interface BenchGap {
  readonly workload: string
  readonly variant?: string
  readonly backend: BackendName
  readonly fds: number
  /** `unsupported`: it cannot do this here. `failed`: it lost, repeated or invented events, or an error came. */
  readonly outcome: 'unsupported' | 'failed'
  readonly reason: string
  readonly events?: EventCount
}

/** What was asked for, as far as figures depend on it. */
export interface BenchSettings {
  readonly fds: readonly number[]
  readonly active?: number
  readonly eventsPerWait: number
  readonly trigger: Trigger
  readonly source: SourceKind
  readonly writes: number
  readonly rateHz: number
  readonly cpus: readonly number[]
  readonly quick: boolean
}

/** The clock that cycles are timed with (CLOCK_MONOTONIC), as the driver reads it. */
export interface ClockReport {
  readonly costNs: number
  readonly stepNs: number
}

export interface BenchReport {
  readonly schema: 'evloop/bench@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  readonly environment: ProbeReport
  readonly startedAt: string
  readonly durationMs: number
  readonly settings: BenchSettings
  readonly driver: DriverReport
  /** The seed of the order of rounds and of the resampling. */
  readonly seed: number
  readonly clock: ClockReport
  /** How late the kernel may make a timeout, so that it can serve several at once. */
  readonly timerSlackNs: number
  readonly callTax: CallTax
  readonly results: readonly BenchResult[]
  readonly openLoop: readonly OpenLoopResult[]
  readonly control: readonly Control[]
  readonly scaling: readonly Scaling[]
  readonly crossovers: readonly Crossover[]
  readonly gaps: readonly BenchGap[]
  readonly noise: Noise
  /** This run against a saved one, if it was given. */
  readonly baseline?: CompareReport
  /** Set where the run was interrupted or is not at its end: what is missing was not measured. */
  readonly interrupted?: true
}
