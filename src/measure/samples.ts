import type { Random } from '../random.ts'

/** How many single cycles are kept for percentiles: enough for 50 beyond the 99.9th. */
const MOST_SAMPLES = 50_000

/**
 * Durations of single cycles. Beyond a limit a random sample of them is kept, in which each has the same chance
 * to be (Vitter's algorithm R, 1985); the smallest and the largest are kept in any case.
 */
export class Samples {
  readonly kept: number[] = []
  readonly #random: Random
  count = 0
  min = Infinity
  max = -Infinity

  constructor(random: Random) {
    this.#random = random
  }

  add(value: number): void {
    this.count++
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    if (this.kept.length < MOST_SAMPLES) {
      this.kept.push(value)
      return
    }
    const index = Math.floor(this.#random() * this.count)
    if (index < MOST_SAMPLES) this.kept[index] = value
  }
}
