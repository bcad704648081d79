import type { Routine } from '../fiber.ts'
import type { Calls, DeadlineMs, Target } from './calls.ts'

const LONGEST_MS = 32

/**
 * Waits for what no descriptor tells: that a unix socket has room in its queue, which poll(2) does not look at where the
 * asking socket is not connected to it. The first pause lets all others have their turn, and each is longer than the one
 * before.
 */
export class Pauses {
  readonly #calls: Calls
  readonly #operation: string
  readonly #target: Target
  readonly #deadlineMs: DeadlineMs
  #nextMs = 0

  constructor(calls: Calls, operation: string, target: Target, deadlineMs?: DeadlineMs) {
    this.#calls = calls
    this.#operation = operation
    this.#target = target
    this.#deadlineMs = deadlineMs
  }

  /** Throws `CanceledError`, and `SocketError` (`timeout`) where the time was over before. */
  *next(): Routine {
    const { cancellation } = this.#calls
    const { scheduler } = cancellation
    const leftMs = this.#deadlineMs === undefined ? Infinity : this.#deadlineMs - scheduler.now()
    if (leftMs <= 0) throw this.#calls.timeout(this.#operation, this.#target.label)
    const ms = Math.min(this.#nextMs, leftMs)
    this.#nextMs = Math.min(Math.max(1, 2 * this.#nextMs), LONGEST_MS)
    // A wake by hand makes it try earlier, which harms nothing; and when the time is over, it tries once more.
    yield* cancellation.wait(this.#operation, () => scheduler.sleep(ms))
  }
}
