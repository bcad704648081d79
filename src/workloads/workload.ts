/**
 * The contract of a workload: written once, over the ordinary backends, whoever drives it.
 */
import { INTERRUPTED } from '../backends/backend.ts'
import type { Poller, ReadinessBatch } from '../backends/backend.ts'
import type { Libc } from '../libc/libc.ts'
import type { Sources } from './sources.ts'

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

/** What a workload works with. It owns what it makes of it, and nothing of what it is given. */
export interface WorkloadSetting {
  readonly libc: Libc
  readonly poller: Poller
  /** As many as `Workload.sources` asks for; not registered yet. */
  readonly sources: Sources
  /** How many sources are active at once, where the workload knows the idea. */
  readonly active: number
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
  /** Leaves the sources unsignalled for the next Poller. The present one is closed with what it has. */
  close?(): void
}

export interface Workload {
  readonly name: string
  /** One sentence: what a cycle is. */
  readonly summary: string
  /** How many descriptors are registered while a cycle runs, given `--fds`. */
  registered(fds: number): number
  /** How many sources it needs, given `--fds`. */
  sources(fds: number): number
  /** Descriptors that it needs besides its sources. */
  readonly extraDescriptors: number
  /** How many events a cycle has, given `--fds` and `--active`: figures are per event where it is not 1. */
  eventsPerCycle(fds: number, active: number): number
  open(setting: WorkloadSetting): Cycle
}

/** How long a signalled event may take before it counts as lost. */
const LOST_AFTER_NS = 1_000_000_000

/** Waits for events that are due. 0 means that they are lost; a wait that a signal interrupts is made again. */
export function waitForDue(poller: Poller, batch: ReadinessBatch): number {
  for (;;) {
    const n = poller.wait(batch, LOST_AFTER_NS)
    if (n !== INTERRUPTED) return n
  }
}

/** Whether anything is wrong with the events of a workload: then it has no figure. */
export function isWrong({ duplicate, spurious, lost }: EventCount): boolean {
  return duplicate + spurious + lost > 0
}

/** How many events a wait takes at once. */
export const EVENTS_PER_WAIT = 1024
