import type { Fiber } from './fiber.ts'

/**
 * Fibers that wait for one thing, first come, first served. Joining, leaving and serving take constant time. What
 * fibers wait for is built on it: descriptors, tasks, and whatever needs a queue (a mutex, a condition).
 */
export class WaitQueue {
  /** What is waited for, in words: errors name it. */
  readonly label: string
  #first: Fiber | null = null
  #last: Fiber | null = null

  constructor(label: string) {
    this.label = label
  }

  get first(): Fiber | null {
    return this.#first
  }

  get isEmpty(): boolean {
    return this.#first === null
  }

  /** Called when a fiber was woken by something else than what it waited for here. It waits here no more. */
  abandoned(): void {}

  /** For the scheduler, which parks the fiber: `Scheduler.waitIn`. */
  join(fiber: Fiber): void {
    fiber.queue = this
    fiber.ahead = this.#last
    if (this.#last === null) this.#first = fiber
    else this.#last.behind = fiber
    this.#last = fiber
  }

  /** For the scheduler, which wakes it. */
  leave(fiber: Fiber): void {
    const { ahead, behind } = fiber
    if (ahead === null) this.#first = behind
    else ahead.behind = behind
    if (behind === null) this.#last = ahead
    else behind.ahead = ahead
    fiber.queue = fiber.ahead = fiber.behind = null
  }
}
