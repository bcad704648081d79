import type { Future } from './future.ts'

/** So many that have started are forgotten at once. */
const LEAST_PASSED = 1024

/**
 * Work that waits for its start, oldest first. Some of it is started out of its turn, and passed over when that comes;
 * over all, each piece costs constant time, however many wait. (The first of a Set does not: it is looked for behind
 * all that were deleted.)
 */
export class StartQueue<F extends Future<unknown>> {
  #futures: F[] = []
  #passed = 0

  push(future: F): void {
    this.#futures.push(future)
  }

  /** The oldest that has not started, and stays here until it has. */
  get first(): F | undefined {
    for (;;) {
      const future = this.#futures[this.#passed]
      if (future === undefined || future.task === undefined) return future
      if (++this.#passed >= LEAST_PASSED && 2 * this.#passed >= this.#futures.length) this.#forget()
    }
  }

  #forget(): void {
    this.#futures.splice(0, this.#passed)
    this.#passed = 0
  }
}
