import { INTERRUPTED } from '../backends/backend.ts'
import type { Poller, ReadinessBatch } from '../backends/backend.ts'

/** How long a signalled event may take before it counts as lost. */
export const LOST_AFTER_MS = 1000

/**
 * Waits without end for events that are due, as an event loop does. Whoever drives the workload bounds such
 * waits (see `boundWaits`): 0 means that the events are lost. A wait that ends before its time is made again.
 */
export function waitForDue(poller: Poller, batch: ReadinessBatch): number {
  const n = poller.wait(batch, null)
  return n === INTERRUPTED ? waitAgain(poller, batch) : n
}

/** Apart, because it reads the clock, and a backend may interrupt its waits for ever. */
function waitAgain(poller: Poller, batch: ReadinessBatch): number {
  const end = performance.now() + LOST_AFTER_MS
  while (performance.now() < end) {
    const n = poller.wait(batch, null)
    if (n !== INTERRUPTED) return n
  }
  return 0
}
