/** A condition variable of fibers. */
import type { Parked, Routine } from '../fiber.ts'
import { WaitQueue } from '../wait-queue.ts'
import type { Cancellation } from './cancellation.ts'
import type { Mutex } from './mutex.ts'

/**
 * Made by `Io.condition`: fibers that hold a mutex wait in it for another one to change what the mutex guards. First
 * come, first served. A wake that nobody waits for is lost, so what is waited for is looked at before each wait:
 *
 *     yield* mutex.lock()
 *     while (queue.length === 0) yield* condition.wait(mutex)
 */
export class Condition {
  readonly #cancellation: Cancellation
  readonly #queue: WaitQueue

  constructor(cancellation: Cancellation, name = 'condition') {
    this.#cancellation = cancellation
    this.#queue = new WaitQueue(name)
  }

  /**
   * Gives the mutex up, waits for a wake, and takes it back, which no cancellation prevents: it is held after this, also
   * where this throws `CanceledError`. A wake that came before the cancellation counts, and is not lost on the others.
   * Where somebody wakes the fiber by hand, this ends too: what is waited for may have come in between, so it is looked at.
   */
  *wait(mutex: Mutex): Routine {
    const { label } = this.#queue
    mutex.assertOwned(`wait in ${label}`)
    this.#cancellation.check(`wait in ${label}`)
    mutex.unlock()
    try {
      yield* this.#cancellation.wait(`wait in ${label}`, () => this.#park())
    } catch (error) {
      // Not in a `finally` block: one that is ended here must not wait for it.
      yield* mutex.lockUncancelable()
      throw error
    }
    yield* mutex.lockUncancelable()
  }

  /** The same, which no cancellation ends. */
  *waitUncancelable(mutex: Mutex): Routine {
    mutex.assertOwned(`wait in ${this.#queue.label}`)
    mutex.unlock()
    yield this.#park()
    yield* mutex.lockUncancelable()
  }

  /** Wakes who waits longest, if anybody does. */
  wakeOne(): void {
    this.#cancellation.scheduler.serveFirst(this.#queue)
  }

  /** Wakes all who wait now. */
  wakeAll(): void {
    this.#cancellation.scheduler.serveAll(this.#queue)
  }

  #park(): Parked {
    return this.#cancellation.scheduler.waitIn(this.#queue)
  }
}
