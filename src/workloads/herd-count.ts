import type { HerdDetail } from './workload.ts'

/** Counts how many threads woke for a signal, and how soon. */
export class HerdCount {
  readonly #threads: number
  readonly #pollers: number
  readonly #woken: number[] = []
  readonly #first: number[] = []
  readonly #last: number[] = []

  constructor(threads: number, pollers: number) {
    this.#threads = threads
    this.#pollers = pollers
  }

  /**
   * Takes the marks of some cycles: of the signaller when it signalled, and when it released those who still
   * slept; of every thread when its wait returned. Returns the time to the first that woke, of each cycle.
   */
  add(signals: Float64Array, woken: readonly Float64Array[]): Float64Array {
    return Float64Array.from({ length: signals.length / 2 }, (_, cycle) => {
      const signalled = signals[2 * cycle] ?? NaN
      const released = signals[2 * cycle + 1] ?? NaN
      const times = woken.map((marks) => (marks[cycle] ?? NaN) - signalled)
      const inTime = times.filter((time) => time < released - signalled)
      this.#woken.push(inTime.length)
      // Where a loaded machine woke nobody in time, the first one was late, and that is its figure.
      const first = Math.min(...times)
      this.#first.push(first)
      this.#last.push(Math.max(first, ...inTime))
      return first
    })
  }

  detail(): HerdDetail {
    return {
      threads: this.#threads,
      pollers: this.#pollers,
      wokenMin: Math.min(...this.#woken),
      wokenMedian: middle(this.#woken),
      wokenMax: Math.max(...this.#woken),
      firstNs: middle(this.#first),
      lastNs: middle(this.#last),
    }
  }
}

/** The lower median: one of the values, which counts of threads must be. */
function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN
}
