import type { Fiber } from './fiber.ts'

/**
 * Fibers by the time at which they are to be woken: a binary heap, in which each fiber knows its place. The earliest is
 * found in constant time, adding and removing are logarithmic. Of equal times, the one that was set first is first.
 */
export class Timers {
  readonly #heap: Fiber[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  /** The fiber whose time comes first. */
  get first(): Fiber | undefined {
    return this.#heap[0]
  }

  add(fiber: Fiber, deadlineMs: number): void {
    fiber.deadlineMs = deadlineMs
    fiber.order = this.#order++
    this.#heap.push(fiber)
    this.#rise(fiber, this.#heap.length - 1)
  }

  remove(fiber: Fiber): void {
    const heap = this.#heap
    const gap = fiber.place
    fiber.place = -1
    const last = heap.pop()
    if (last === undefined || last === fiber) return
    // It may belong above or below the gap: the heap knows no order between branches.
    this.#sink(last, gap)
    this.#rise(last, last.place)
  }

  #rise(fiber: Fiber, from: number): void {
    const heap = this.#heap
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, fiber)) break
      heap[place] = parent
      parent.place = place
      place = above
    }
    heap[place] = fiber
    fiber.place = place
  }

  #sink(fiber: Fiber, from: number): void {
    const heap = this.#heap
    let place = from
    for (;;) {
      let below = 2 * place + 1
      let child = heap[below]
      if (child === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, child)) {
        child = right
        below++
      }
      if (isBefore(fiber, child)) break
      heap[place] = child
      child.place = place
      place = below
    }
    heap[place] = fiber
    fiber.place = place
  }
}

function isBefore(a: Fiber, b: Fiber): boolean {
  return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.order < b.order)
}
