/** What time it is for a scheduler: one that passes by itself, or one that passes only where everybody waits. */
import { timeOf } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { NULL } from '../libc/signatures.ts'

const NS_PER_MS = 1e6

/** Time in milliseconds, with a fraction, since an arbitrary moment. It never goes back. */
export type Clock = RealClock | VirtualClock

/**
 * Time that passes at once where nobody has anything else to do, and else not at all: the same program sees the same
 * times on every run, and a day of sleep takes no time. It starts at 0.
 */
export class VirtualClock {
  readonly isVirtual = true
  #nowMs = 0

  now(): number {
    return this.#nowMs
  }

  /** Lets time pass until `ms`. RangeError for a time that has passed, or that never comes. */
  advanceTo(ms: number): void {
    if (!(ms >= this.#nowMs) || ms === Infinity) {
      throw new RangeError(`a clock at ${this.#nowMs} ms cannot advance to ${ms} ms: time does not go back`)
    }
    this.#nowMs = ms
  }
}

/** The monotonic clock of the machine, or of the world that a `Libc` is. */
export class RealClock {
  readonly isVirtual = false
  readonly #libc: Libc
  readonly #isWorld: boolean
  readonly #word = new Int32Array(new SharedArrayBuffer(4))

  constructor(libc: Libc) {
    this.#isWorld = libc.clock !== undefined
    this.#libc = libc
  }

  now(): number {
    return this.#isWorld ? Number(timeOf(this.#libc)) / NS_PER_MS : performance.now()
  }

  /** Lets time pass, with nothing to watch meanwhile. It may end early. */
  sleep(ms: number): void {
    // In a world of its own, time passes only in its own calls.
    if (!this.#isWorld) Atomics.wait(this.#word, 0, 0, ms)
    else this.#libc.fn.poll(NULL, 0, Math.ceil(ms))
  }
}

/** A time to wait: what is negative would turn the clock back, and what is no number or no end would never come. */
export function assertDuration(ms: number | undefined): void {
  if (ms !== undefined && !(ms >= 0 && ms < Infinity)) {
    throw new RangeError(`a fiber waits for a number of milliseconds from 0 on, not ${ms}`)
  }
}
