import type { Fiber } from './fiber.ts'

/** Fibers that are to run, in the order in which they became ready. */
export class ReadyQueue {
  #first: Fiber | null = null
  #last: Fiber | null = null

  get isEmpty(): boolean {
    return this.#first === null
  }

  push(fiber: Fiber): void {
    if (this.#last === null) this.#first = fiber
    else this.#last.next = fiber
    this.#last = fiber
  }

  shift(): Fiber | null {
    const fiber = this.#first
    if (fiber === null) return null
    this.#first = fiber.next
    if (fiber === this.#last) this.#last = null
    fiber.next = null
    return fiber
  }

  clear(): void {
    this.#first = this.#last = null
  }
}
