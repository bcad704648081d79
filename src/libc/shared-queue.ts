/**
 * A queue in memory that is shared with the kernel: entries of one size in an array, and two counters that only
 * grow (modulo 2^32), one of who puts and one of who takes. The entry that a counter stands for has its place at
 * the counter modulo the capacity, which is a power of two. Both directions of an io_uring are such queues.
 *
 * Order: who puts writes the entry and then adds to the tail with release; who takes reads the tail with acquire
 * and then the entry, and gives it back by adding to the head with release. In JavaScript, Atomics are that (and
 * more: they are sequentially consistent); on memory that is not a SharedArrayBuffer they are allowed, too.
 */
import { RingError } from '../errors.ts'
import type { Pointer } from './signatures.ts'

/** Where a queue is: words of 32 bits, by views of them and by the addresses of these. */
export interface QueuePlace {
  /** The words that the counters are among. */
  readonly counters: Int32Array
  readonly countersAddress: Pointer
  /** Which of them the head and the tail are. */
  readonly head: number
  readonly tail: number
  readonly entries: Int32Array
  readonly entriesAddress: Pointer
  /** How many words an entry has. */
  readonly entryWords: number
  /** How many entries there are: a power of two. */
  readonly capacity: number
  /**
   * Where there is one: the array that says of each place in turn which entry is meant (the submission queue of an
   * io_uring, unless IORING_SETUP_NO_SQARRAY). Here it is always the one of the same number.
   */
  readonly order?: { readonly words: Int32Array; readonly address: Pointer }
}

/** What can be done with one, for whichever end is ours. A `Libc` gives them, so that what is done can be recorded. */
export interface SharedQueue {
  readonly capacity: number
  /** To be called once before anything is put. */
  initialize(): void
  /** How many entries were put and not taken yet. Throws `RingError` where there is no room for so many. */
  count(): number
  /** Whether nothing is there now. Another thread may change that at any time, so it is no part of a recording. */
  isEmpty(): boolean
  /**
   * Writes an entry: the one `ahead` of the tail. `number` is the word that differs from entry to entry more than
   * any other, and stands at every word that has a bit in `places`.
   */
  put(ahead: number, entry: Int32Array, number: number, places: number): void
  /** Hands over the next entries, which were written. */
  publish(count: number): void
  /** A word of the entry that is `ahead` of the head. */
  word(ahead: number, index: number): number
  /** Gives back the next entries, which were read. */
  take(count: number): void
}

/** Throws `RingError` for a place that no queue can have: then nothing can be read from it, nor written to it. */
function assertPossible({ counters, head, tail, entries, entryWords, capacity }: QueuePlace): void {
  const isPowerOfTwo = Number.isInteger(capacity) && capacity > 0 && Math.log2(capacity) % 1 === 0
  if (!isPowerOfTwo) throw new RingError(`${capacity} entries are no power of two`)
  if (capacity * entryWords > entries.length) {
    throw new RingError(`${capacity} entries of ${entryWords} words are not in ${entries.length} words`)
  }
  for (const counter of [head, tail]) {
    if (!(Number.isInteger(counter) && counter >= 0 && counter < counters.length))
      throw new RingError(`a counter is at ${counter} of ${counters.length} words`)
  }
}

/** A queue as it is in memory. */
export class MappedQueue implements SharedQueue {
  readonly capacity: number
  readonly #place: QueuePlace
  readonly #mask: number

  /** Throws `RingError` where the place cannot be that of a queue. */
  constructor(place: QueuePlace) {
    assertPossible(place)
    this.#place = place
    this.capacity = place.capacity
    this.#mask = place.capacity - 1
  }

  initialize(): void {
    const order = this.#place.order?.words
    for (let i = 0; i < (order?.length ?? 0); i++) if (order !== undefined) order[i] = i
  }

  count(): number {
    const { counters, head, tail } = this.#place
    const count = (Atomics.load(counters, tail) - Atomics.load(counters, head)) >>> 0
    if (count > this.capacity)
      throw new RingError(`${count} entries cannot be in a queue of ${this.capacity}`)
    return count
  }

  isEmpty(): boolean {
    const { counters, head, tail } = this.#place
    return Atomics.load(counters, tail) === Atomics.load(counters, head)
  }

  put(ahead: number, entry: Int32Array): void {
    const { counters, tail, entries, entryWords } = this.#place
    const at = (((counters[tail] ?? 0) + ahead) & this.#mask) * entryWords
    for (let i = 0; i < entryWords; i++) entries[at + i] = entry[i] ?? 0
  }

  publish(count: number): void {
    const { counters, tail } = this.#place
    Atomics.add(counters, tail, count)
  }

  word(ahead: number, index: number): number {
    const { counters, head, entries, entryWords } = this.#place
    return entries[(((counters[head] ?? 0) + ahead) & this.#mask) * entryWords + index] ?? 0
  }

  take(count: number): void {
    const { counters, head } = this.#place
    Atomics.add(counters, head, count)
  }
}
