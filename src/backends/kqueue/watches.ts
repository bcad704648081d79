import { UnsupportedError } from '../../errors.ts'
import { Interest } from '../backend.ts'
import type { Trigger } from '../backend.ts'
import { lengthFor, widened } from '../columns.ts'

/** The filters of a descriptor, as bits. */
export const Filters = { READ: 1, WRITE: 2 } as const

/** The filters that an interest needs. Throws `UnsupportedError` for one in priority. */
export function filtersOf(interest: number): number {
  if ((interest & Interest.PRIORITY) !== 0) {
    throw new UnsupportedError(
      'kqueue with interest in priority',
      'it has no filter for that on every platform',
    )
  }
  return (
    ((interest & Interest.READ) !== 0 ? Filters.READ : 0) |
    ((interest & Interest.WRITE) !== 0 ? Filters.WRITE : 0)
  )
}

/**
 * What the kqueue itself has for each descriptor, in columns indexed by descriptor, and which place of a batch the
 * events of a descriptor go to. The registry above knows what the caller has asked for, which is less than this.
 */
export class Watches {
  #filters = new Uint8Array(64)
  #triggers: (Trigger | undefined)[] = []
  /** The wait that an event of a descriptor was last seen in, where in the batch it is, and which filters came. */
  #seenIn = new Float64Array(64)
  #place = new Uint32Array(64)
  #generation = new Uint32Array(64)
  #fired = new Uint8Array(64)
  #wait = 0
  #total = 0
  #both = 0

  /** The filters that the kqueue has for a descriptor. */
  filters(fd: number): number {
    return this.#filters[fd] ?? 0
  }

  /** How they report, where there are any. */
  trigger(fd: number): Trigger | undefined {
    return this.#triggers[fd]
  }

  /** How many filters there are of all descriptors together, and how many descriptors have both. */
  get total(): number {
    return this.#total
  }

  get both(): number {
    return this.#both
  }

  /**
   * What the kqueue hands back with the events of a descriptor: another number for each time that its filters were
   * added, by which events of old ones are recognised.
   */
  generation(fd: number): number {
    return this.#generation[fd] ?? 0
  }

  /** What the next one is, for changes that must be told of it first. */
  nextGeneration(fd: number): number {
    return (this.generation(fd) + 1) >>> 0
  }

  /** Notes that filters were added, with the next generation. */
  set(fd: number, filters: number, trigger: Trigger): void {
    if (fd >= this.#filters.length) this.#grow(fd)
    this.#generation[fd] = this.nextGeneration(fd)
    this.#count(fd, -1)
    this.#filters[fd] = filters
    this.#count(fd, 1)
    this.#triggers[fd] = trigger
  }

  delete(fd: number): void {
    if (fd >= this.#filters.length) return
    this.#count(fd, -1)
    this.#filters[fd] = 0
  }

  #count(fd: number, step: 1 | -1): void {
    const filters = this.#filters[fd] ?? 0
    this.#total += step * ((filters & 1) + (filters >> 1))
    if (filters === (Filters.READ | Filters.WRITE)) this.#both += step
  }

  /** Begins a wait: no descriptor has a place in its batch. */
  begin(): void {
    this.#wait++
  }

  /** The place of a descriptor in the batch of this wait, or -1 where it has none yet. */
  placeOf(fd: number): number {
    return this.#seenIn[fd] === this.#wait ? (this.#place[fd] ?? -1) : -1
  }

  /** Gives a descriptor its place, for the event of a filter. */
  place(fd: number, index: number, filter: number): void {
    this.#seenIn[fd] = this.#wait
    this.#place[fd] = index
    this.#fired[fd] = filter
  }

  /** Notes that an event of a further filter has come in this wait. */
  join(fd: number, filter: number): void {
    this.#fired[fd] = (this.#fired[fd] ?? 0) | filter
  }

  /** The filters of a descriptor of which no event has come in this wait. */
  silent(fd: number): number {
    return this.filters(fd) & ~(this.#fired[fd] ?? 0)
  }

  #grow(fd: number): void {
    const length = lengthFor(fd, this.#filters.length)
    this.#filters = widened(this.#filters, new Uint8Array(length))
    this.#fired = widened(this.#fired, new Uint8Array(length))
    this.#generation = widened(this.#generation, new Uint32Array(length))
    this.#place = widened(this.#place, new Uint32Array(length))
    this.#seenIn = widened(this.#seenIn, new Float64Array(length))
  }
}
