/** Positions count on for ever and wrap as 32 bits do; the capacity, a power of two, divides them. */
const HEAD = 0
const TAIL = 1
const HEADER_WORDS = 2

/** What `take` returns where there is nothing. */
export const NONE = -1

/**
 * A queue of numbers in shared memory: its owner, one thread, pushes; any thread takes, the oldest first. Each
 * operation takes effect by one atomic store or compare-and-swap, so a thread that is ended in the middle of one has
 * either done it or not, and leaves nothing that another one would wait for.
 */
export class SharedRing {
  readonly #words: Int32Array
  readonly #mask: number

  /** How much memory it needs. `capacity` is a power of two. */
  static bytes(capacity: number): number {
    if (!Number.isInteger(Math.log2(capacity))) throw new RangeError(`no power of two: ${capacity}`)
    return 4 * (HEADER_WORDS + capacity)
  }

  /** Over memory that is zeroed, or holds a ring of the same capacity. */
  constructor(memory: SharedArrayBuffer, offset: number, capacity: number) {
    this.#words = new Int32Array(memory, offset, SharedRing.bytes(capacity) / 4)
    this.#mask = capacity - 1
  }

  /** How many there are, or were a moment ago. */
  get size(): number {
    const head = Atomics.load(this.#words, HEAD)
    return (Atomics.load(this.#words, TAIL) - head) | 0
  }

  /** For the owner: what there was a moment ago, the oldest first. Others may have taken of it since. */
  peek(): number[] {
    const head = Atomics.load(this.#words, HEAD)
    return Array.from({ length: this.size }, (_, i) =>
      Atomics.load(this.#words, HEADER_WORDS + ((head + i) & this.#mask)),
    )
  }

  /** For the owner. False where it is full. */
  push(value: number): boolean {
    const tail = Atomics.load(this.#words, TAIL)
    if (((tail - Atomics.load(this.#words, HEAD)) | 0) > this.#mask) return false
    Atomics.store(this.#words, HEADER_WORDS + (tail & this.#mask), value)
    Atomics.store(this.#words, TAIL, (tail + 1) | 0)
    return true
  }

  /** Takes the oldest, or `NONE`. */
  take(): number {
    for (;;) {
      const head = Atomics.load(this.#words, HEAD)
      if (head === Atomics.load(this.#words, TAIL)) return NONE
      // The owner may overwrite it only after the head has moved, and then the swap fails.
      const value = Atomics.load(this.#words, HEADER_WORDS + (head & this.#mask))
      if (Atomics.compareExchange(this.#words, HEAD, head, (head + 1) | 0) === head) return value
    }
  }
}
