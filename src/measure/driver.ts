/** What drives the cycles of a workload: natively from a recording, or call by call. */
import { isKnownError, MeasurementError, UnsupportedError } from '../errors.ts'
import type { Backend } from '../backends/backend.ts'
import type { Libc } from '../libc/libc.ts'
import type { Case, Detail, EventCount } from '../workloads/workload.ts'

/** How often processes gave their processor up, and how often it was taken away (getrusage(2)). */
export interface ContextSwitches {
  readonly voluntary: number
  readonly involuntary: number
}

/** One short run of a backend. */
export interface Batch {
  readonly cycles: number
  /** The mean of a cycle, in nanoseconds; where cycles say themselves how long they took, the median. */
  readonly cycleNs: number
  /** How long it all took, what is not timed included. */
  readonly elapsedNs: number
  /** How long each cycle took, less the cost of the clock. Only of batches that are asked for it. */
  readonly durationsNs: Float64Array
  /** User and system time, of everything in the batch. */
  readonly cpuNs: number
  /** Of the child that was measured; of this process they are known already. */
  readonly switches: ContextSwitches
  /** How long the measuring thread was ready to run and had no processor; undefined where nobody tells. */
  readonly waitedNs: number | undefined
}

/** A backend with a case opened on it, ready to be measured. */
export interface Subject {
  /** What became of the events so far. */
  readonly events: EventCount
  readonly callsPerCycle: number
  /** The part of a cycle that is the driver's own, in nanoseconds. */
  readonly taxNs: number
  /** Whether cycles can only be timed one by one, so that there is one kind of batch. */
  readonly timesEach: boolean
  /** The most cycles that a batch with durations has room for. */
  readonly mostTimed: number
  /**
   * Runs cycles, with their durations or, faster, without. Throws `MeasurementError`, and others that are
   * known, where a figure cannot be had.
   */
  run(cycles: number, durations: boolean): Batch
  /** In the place of `run`, which then throws, where cycles end in Node's event loop. */
  runLater?(cycles: number): Promise<Batch>
  /** What the workload tells besides durations. */
  detail(): Detail
  /** What takes a while then goes on by itself; the driver waits for it before the next measurement. */
  close(): void
  /** Where it closes in Node's event loop: resolves when it has. */
  readonly closed?: Promise<void> | undefined
}

/** Closes what was opened. */
export function closeAll(opened: readonly Opened[]): void {
  for (const one of opened) if ('subject' in one) one.subject.close()
}

/** The same, and waits for what closes in Node's event loop. */
export async function closeAllLater(opened: readonly Opened[]): Promise<void> {
  closeAll(opened)
  for (const one of opened) if ('subject' in one) await one.subject.closed
}

/** What a driver needs to open a case. */
export interface OpenOptions {
  /** The functions under test: with `--lib` in front. */
  readonly libc: Libc
  /** Where a cycle is so long that a look at it matters more than its last percents: it is not run once before. */
  readonly quick?: boolean
  readonly workload: string
  readonly case: Case
  /** The processors to run on, one for each thread in turn; none: any. */
  readonly cpus: readonly number[]
}

/** A subject, or why there is none. */
export type Opened = { readonly backend: Backend } & (
  | { readonly subject: Subject }
  | {
      readonly outcome: 'unsupported' | 'failed'
      readonly failure: string
      /** Where they are what is wrong. */
      readonly events?: EventCount
    }
)

export interface MeasuringDriver {
  readonly name: 'replay' | 'ffi'
  /** Why it cannot do a case on a backend; undefined if it can. */
  cannot(workload: Case, backend: Backend): string | undefined
  /** The descriptors of this process without those that the driver keeps open from case to case. */
  otherDescriptors(libc: Libc): ReadonlySet<number>
  /** Opens a case on each backend, which may be the same one twice. */
  open(backends: readonly Backend[], options: OpenOptions): Opened[]
  /** Closes what it keeps open, and waits for what is still closing. It may be used again. */
  close(): void
}

/** The events of no cycle at all. */
export function noEvents(): EventCount {
  return { expected: 0, seen: 0, duplicate: 0, spurious: 0, lost: 0 }
}

/** A backend lost, repeated or invented events. */
export class WrongEventsError extends MeasurementError {
  readonly events: EventCount

  constructor(events: EventCount) {
    const { expected, lost, duplicate, spurious } = events
    super(
      `of ${expected} events ${lost} were lost, ${duplicate} came twice, and ${spurious} came for nothing`,
    )
    this.events = { ...events }
  }
}

/** A backend on which a case could not be opened. Errors that are not known are bugs of ours, and go on. */
export function notOpened(
  workload: string,
  backend: Backend,
  error: unknown,
): Exclude<Opened, { readonly subject: Subject }> {
  if (!isKnownError(error)) throw error
  const outcome = error instanceof UnsupportedError ? 'unsupported' : 'failed'
  const failure = failureOf(workload, backend, error)
  return { backend, outcome, failure, ...(error instanceof WrongEventsError ? { events: error.events } : {}) }
}

/** Names what failed on which backend. */
export function failureOf(workload: string, backend: Backend, error: Error): string {
  return `${workload} on ${backend.name}: ${error.message}`
}
