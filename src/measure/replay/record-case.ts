import type { Backend, Poller, PollerOptions } from '../../backends/backend.ts'
import type { Libc } from '../../libc/libc.ts'
import { boundWaits } from '../../libc/wrap.ts'
import type { Sources } from '../../workloads/sources.ts'
import { LOST_AFTER_MS } from '../../workloads/wait.ts'
import type { Case, Cycle, EventCount, Lane } from '../../workloads/workload.ts'
import { isWrong } from '../../workloads/workload.ts'
import { noEvents, WrongEventsError } from '../driver.ts'
import { Recorder } from '../record/recorder.ts'
import { isInterrupted, repeating } from '../record/repeat.ts'
import { Tape } from '../record/tape.ts'

/** A case on a backend, recorded. */
export interface Recording {
  readonly cycle: Cycle
  /** What opens the Pollers and registers the sources. */
  readonly setup: Tape
  /** What comes before a cycle and after it, untimed, and the cycle itself, of each lane. */
  readonly before: Tape
  readonly run: readonly Tape[]
  readonly after: Tape
  /** The events of one cycle. */
  readonly events: EventCount
  /** Closes what was opened to record it. Idempotent. */
  close(): void
}

/** A Libc for recording: waits that would never end do, so that what is lost is found out. */
export function recorderFor(libc: Libc, lanes: number, backend?: Backend): Recorder {
  return new Recorder(boundWaits(libc, LOST_AFTER_MS), lanes, backend?.buffers?.(libc))
}

export interface RecordOptions {
  readonly libc: Libc
  readonly case: Case
  readonly backend: Backend
  readonly sources: Sources
  /** See `PollerOptions`. */
  readonly retire: PollerOptions['retire']
}

/** How often a case is opened until nothing interrupts its set-up. */
const MOST_TRIES = 5

/**
 * Opens a case, runs its cycle until it does the same twice, and records it all. Throws `MeasurementError` where
 * events are wrong or cycles differ.
 */
export function recordCase(options: RecordOptions): Recording {
  for (let tries = 1; tries < MOST_TRIES; tries++) {
    const recording = recordOnce(options)
    // A ring of io_uring that was closed before interrupts a wait when the kernel gets to it.
    if (!isInterrupted([recording.setup])) return recording
    recording.close()
  }
  return recordOnce(options)
}

function recordOnce({ libc, case: workload, backend, sources, retire }: RecordOptions): Recording {
  // Recordings of other backends may have left them ready, which those of a child will not be at its start.
  sources.clearAll(libc)
  const recorder = recorderFor(libc, workload.lanes ?? 1, backend)
  const pollers: Poller[] = []
  const events = noEvents()
  let cycle: Cycle | undefined
  let closed = false
  const close = (): void => {
    if (closed) return
    closed = true
    try {
      cycle?.settle?.()
      cycle?.close?.()
    } finally {
      for (const poller of pollers) poller.close()
    }
  }
  const lanes = recorder.lanes.map((lane): Lane => ({
    libc: lane.libc,
    open() {
      const poller = backend.open(lane.libc, { shared: recorder.lanes.length > 1, retire })
      pollers.push(poller)
      return poller
    },
    mark: () => lane.mark(),
    barrier: () => lane.barrier(),
    pace: () => lane.pace(),
    unchecked: (calls) => lane.unchecked(calls),
  }))
  try {
    const [setup] = recorder.record(() => {
      cycle = workload.open({ backend, lanes: lanes as [Lane, ...Lane[]], sources, events })
    }, 'together')
    if (cycle === undefined || setup === undefined) throw new TypeError('a case was not opened')
    const opened = cycle
    // Where there is a ring, the first cycle belongs to the set-up: it finds the ring in another state than it leaves it
    // in, because the first requests were made when descriptors were registered.
    if (recorder.hasMappings) {
      const [first] = recorder.record(() => {
        opened.before?.()
        opened.run()
        opened.after?.()
      }, 'together')
      if (first !== undefined) setup.append(first)
    }
    if (isWrong(events)) throw new WrongEventsError(events)
    const afterSetup = recorder.snapshot()
    const once = (): readonly (readonly Tape[])[] => [
      recorder.record(() => opened.before?.(), 'together'),
      recorder.record(() => opened.run()),
      recorder.record(() => opened.after?.(), 'together'),
    ]
    let counted = { ...events }
    const next = (): readonly (readonly Tape[])[] => {
      counted = { ...events }
      const tapes = once()
      if (isWrong(events)) throw new WrongEventsError(events)
      return tapes
    }
    const [before, run, after] = repeating(next)
    recorder.settle(setup, afterSetup)
    return {
      cycle,
      setup,
      before: before?.[0] ?? new Tape(),
      run: run ?? [],
      after: after?.[0] ?? new Tape(),
      events: {
        ...noEvents(),
        expected: events.expected - counted.expected,
        seen: events.seen - counted.seen,
      },
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}
