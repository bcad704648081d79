/** Waiting for the first of several futures. */
import type { Routine } from '../fiber.ts'
import { WaitQueue } from '../wait-queue.ts'
import type { Future, Futures } from './future.ts'

/**
 * Waits until one of the futures has ended, however it has, and returns its index; the lowest where several have. None
 * is canceled, and none is awaited: `await` then gives the result at once. Throws `CanceledError`, and `RangeError` for
 * no future at all, which would wait for ever.
 */
export function* selectFirst(futures: Futures, candidates: readonly Future<unknown>[]): Routine<number> {
  if (candidates.length === 0) throw new RangeError('select needs a future to wait for')
  const ended = (): number => candidates.findIndex(({ hasEnded }) => hasEnded)
  const { cancellation } = futures
  const queue = new WaitQueue(`select of ${candidates.length}`)
  for (const candidate of candidates) {
    if (candidate.hasEnded) continue
    futures.start(candidate)
    candidate.watchers ??= new Set()
    candidate.watchers.add(queue)
  }
  try {
    let first = ended()
    for (; first < 0; first = ended()) {
      yield* cancellation.wait('select', () => cancellation.scheduler.waitIn(queue))
    }
    return first
  } finally {
    for (const candidate of candidates) candidate.watchers?.delete(queue)
  }
}
