import type { ReadyItem } from './subscription.ts'

/** A power of two, so that positions wrap by a mask. */
const SMALLEST = 16

/**
 * The ready queue: entries in the order of becoming ready. A ring that grows, because a level-triggered entry goes from
 * the front to the back on every wait.
 */
export class ReadyQueue {
  #ring: (ReadyItem | undefined)[] = Array<ReadyItem | undefined>(SMALLEST).fill(undefined)
  #first = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Puts an entry behind all others. */
  push(item: ReadyItem): void {
    if (this.#length === this.#ring.length) this.#grow()
    this.#ring[(this.#first + this.#length) & (this.#ring.length - 1)] = item
    this.#length++
  }

  /** Puts an entry back before all others: one that was taken and could not be delivered. */
  unshift(item: ReadyItem): void {
    if (this.#length === this.#ring.length) this.#grow()
    this.#first = (this.#first - 1) & (this.#ring.length - 1)
    this.#ring[this.#first] = item
    this.#length++
  }

  /** The entry at a place, from the front; undefined where there is none. */
  at(index: number): ReadyItem | undefined {
    return index < this.#length ? this.#ring[(this.#first + index) & (this.#ring.length - 1)] : undefined
  }

  shift(): ReadyItem | undefined {
    if (this.#length === 0) return undefined
    const item = this.#ring[this.#first]
    // A ring that kept it would keep what was removed alive.
    this.#ring[this.#first] = undefined
    this.#first = (this.#first + 1) & (this.#ring.length - 1)
    this.#length--
    return item
  }

  /** Keeps only the entries that a test accepts, in their order. */
  retain(keep: (item: ReadyItem) => boolean): void {
    for (let left = this.#length; left > 0; left--) {
      const item = this.shift()
      if (item !== undefined && keep(item)) this.push(item)
    }
  }

  #grow(): void {
    const items = Array.from({ length: this.#length }, (_, i) => this.at(i))
    this.#ring = [...items, ...Array<undefined>(items.length).fill(undefined)]
    this.#first = 0
  }
}
