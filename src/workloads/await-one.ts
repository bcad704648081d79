import type { Poller, ReadinessBatch } from '../backends/backend.ts'
import type { Sources } from './sources.ts'
import { waitForDue } from './wait.ts'
import type { EventCount, Lane } from './workload.ts'

/** Waits for the one event that is due, drains its source, and counts both. */
export function awaitOne(
  lane: Lane,
  poller: Poller,
  batch: ReadinessBatch,
  sources: Sources,
  events: EventCount,
  afterWait: () => void = () => undefined,
): void {
  events.expected++
  const n = waitForDue(poller, batch)
  afterWait()
  if (n === 0) {
    events.lost++
    return
  }
  events.duplicate += n - 1
  const drained = sources.drain(lane.libc, batch.tokenWords[0] ?? 0)
  if (drained === 0) events.spurious++
  events.seen += drained
}
