/**
 * The contract of a workload: written once, over the ordinary backends, whoever drives it.
 *
 * A workload says what its cases are at a given size; a case is opened on a backend and gives a cycle, the unit
 * of work that is repeated and timed. The `ffi` driver runs the cycle's functions over and over. The `replay`
 * driver runs them twice, records the native calls, and repeats those in native code. So a cycle must make the
 * same calls with the same results every time, and leave the sources as it found them: other backends, which are
 * open at the same time, use them too.
 */
import type { Backend, Poller, Trigger } from '../backends/backend.ts'
import type { Libc } from '../libc/libc.ts'
import type { SourceKind, SourceNeed, Sources } from './sources.ts'

/** What the user may choose. */
export interface WorkloadOptions {
  /** How many sources are registered, where the workload does not fix it. */
  readonly fds: number
  /** How many of them are active at once. Default: as the workload says. */
  readonly active?: number | undefined
  /** How many events a wait takes at most. */
  readonly eventsPerWait: number
  readonly trigger: Trigger
  readonly source: SourceKind
  /** libevent's -w: how many chained writes a run makes. */
  readonly writes: number
  /** How many signals a second the open loop sends. */
  readonly rateHz: number
}

/** What became of the events of a workload. All but `expected` and `seen` must be zero. */
export interface EventCount {
  /** How many signals were sent. */
  expected: number
  /** How many of them were reported and drained. */
  seen: number
  /** Events that came a second time in one wait. */
  duplicate: number
  /** Events of a source that had nothing to drain. */
  spurious: number
  /** Signals that no event came for in time. */
  lost: number
}

/** A thread of a cycle, or the only one. What is called through its `libc` is done by that thread. */
export interface Lane {
  readonly libc: Libc
  /** Opens a Poller for this thread, which is closed with the case. */
  open(): Poller
  /** Notes the time: a look at the clock in every cycle. Only in cases whose `timing` is `marks`. */
  mark(): void
  /** Waits until every thread has come here. */
  barrier(): void
  /** Waits until the next signal is due. A mark of its own: the time when it was due. */
  pace(): void
  /** These calls are this thread's, through whatever Poller, and their results may differ from cycle to cycle. */
  unchecked<T>(calls: () => T): T
}

/** What a case works with. It owns what it makes of it, and nothing of what it is given. */
export interface WorkloadSetting {
  readonly backend: Backend
  /** As many as `Case.lanes` says. */
  readonly lanes: readonly [Lane, ...Lane[]]
  /** As many as `Case.sources` asks for; not registered yet. */
  readonly sources: Sources
  readonly events: EventCount
}

/**
 * The unit of work that is repeated and timed. Only `run` is timed; `before` and `after` put things in place
 * for one run and take them away again.
 */
export interface Cycle {
  before?(): void
  run(): void
  after?(): void
  /** Takes what a run that failed may have left in the sources. Other backends may be using them too. */
  settle?(): void
  /** Takes away what the cycle owns, and nothing that other backends may be using. */
  close?(): void
  /**
   * For `marks`: the durations of cycles, in nanoseconds, from what each lane has noted, one cycle after the
   * other.
   */
  durations?(marks: readonly Float64Array[]): Float64Array
  /** Called with the durations of cycles that were run, in order. */
  timed?(durationsNs: Float64Array): void
  /** What there is to tell besides durations, of all that was run so far. */
  detail?(): Detail
}

/** A cycle whose work goes on in other threads, and ends in Node's event loop. */
export interface PromisedCycle {
  run(): Promise<void>
  detail(): Detail
  /** Ends the threads. */
  close(): Promise<void>
}

/** What some workloads tell besides durations. */
export interface Detail {
  readonly herd?: HerdDetail
  readonly libevent?: LibeventDetail
  readonly openLoop?: OpenLoopDetail
  readonly pool?: PoolDetail
}

/** How many of the threads that waited for one source woke, and when. */
export interface HerdDetail {
  readonly threads: number
  readonly pollers: number
  readonly wokenMin: number
  readonly wokenMedian: number
  readonly wokenMax: number
  /** From the signal to the first and to the last thread that it woke, medians. */
  readonly firstNs: number
  readonly lastNs: number
}

/** Where the jobs of a pool have run. */
export interface PoolDetail {
  readonly threads: number
  readonly jobs: number
  /** How many of them a thread has taken from another one. */
  readonly stolen: number
}

/** What libevent's own bench prints, and what it does not. */
export interface LibeventDetail {
  readonly writes: number
  /** The durations of its 25 runs, in whole microseconds. */
  readonly runsUs: readonly number[]
  /** How often a run polled. */
  readonly passes: number
}

/**
 * Wake-ups by the clock: signals are sent when they are due, whether the last one was handled or not. Durations
 * since a signal was due are what a caller waits (corrected for coordinated omission), those since it was sent
 * are what remains if nobody counts the waiting before (uncorrected).
 */
interface OpenLoopDetail {
  readonly rateHz: number
  readonly correctedNs: readonly number[]
  readonly uncorrectedNs: readonly number[]
}

/**
 * How cycles are timed. `batch`: many at once, and for percentiles one by one. `each`: one by one, because
 * something that is not timed lies between them. `marks`: the cycle says where.
 */
type Timing = 'batch' | 'each' | 'marks'

export interface Case {
  /** Which of its workload's forms it is, where there are several. */
  readonly variant?: string
  /** The variant, before it in the list, whose figures these are held against: measured in the same rounds. */
  readonly against?: string
  /** How many descriptors are registered while a cycle runs. */
  readonly fds: number
  /** How many of them are active at once. */
  readonly active: number
  readonly sources: SourceNeed
  /** Descriptors that it needs besides its sources and one Poller. */
  readonly extraDescriptors: number
  /** How many more each descriptor that the user asks for takes, besides its source. Default: none. */
  readonly extraPerFd?: number
  /** How many events a cycle has: figures are per event where it is not 1. */
  readonly eventsPerCycle: number
  /** How many threads work together. Default: 1. */
  readonly lanes?: number
  readonly timing: Timing
  /**
   * Measured by the ffi driver, whichever one is chosen: it measures what JavaScript adds above a backend, and of that
   * a recording of native calls has nothing. Default: the driver that is chosen.
   */
  readonly driver?: 'ffi'
  /** For lanes that pace themselves: the time from one signal to the next. */
  readonly periodNs?: number
  /** Why a backend cannot do it; undefined if it can. */
  cannot?(backend: Backend): string | undefined
  open(setting: WorkloadSetting): Cycle
  /** In the place of `open`, which then throws, of cycles that are promised. They are the ffi driver's. */
  openLater?(setting: WorkloadSetting): PromisedCycle
}

export interface Workload {
  readonly name: string
  /** One sentence: what a cycle is. */
  readonly summary: string
  cases(options: WorkloadOptions): readonly Case[]
}

/** Whether anything is wrong with the events of a workload: then it has no figure. */
export function isWrong({ expected, seen, duplicate, spurious, lost }: EventCount): boolean {
  return duplicate + spurious + lost > 0 || seen !== expected
}

/** How many sources are active unless the user says so: a hundredth of them, between 1 and 100. */
function defaultActive(fds: number): number {
  return Math.min(100, Math.max(1, Math.floor(fds / 100)))
}

/** The number of active sources: what the user asked for, as far as there are so many. */
export function activeOf({ active, fds }: WorkloadOptions): number {
  return Math.min(active ?? defaultActive(fds), fds)
}

/** Why a backend cannot register with a trigger; undefined if it can. */
export function lacksTrigger(backend: Backend, trigger: Trigger): string | undefined {
  const { triggers } = backend.capabilities
  return triggers.includes(trigger) ? undefined : `it has no ${trigger} trigger, only ${triggers.join(', ')}`
}

/** Why a workload whose sources stay ready has no use for a trigger; undefined for `level`. */
export function needsLevel(trigger: Trigger): string | undefined {
  return trigger === 'level'
    ? undefined
    : 'its sources stay ready, which only the level trigger reports twice'
}

/** Why a oneshot trigger is none for a workload that does not re-arm; undefined for the others. */
export function needsNoRearm(trigger: Trigger): string | undefined {
  return trigger.endsWith('oneshot') ? 'it does not re-arm; the rearm workload does' : undefined
}
