import { layouts } from '../libc/layouts.ts'
import { Memory } from '../libc/memory.ts'
import { NULL } from '../libc/signatures.ts'
import { writeTime, writeTimespec } from '../libc/timespec.ts'

/** The largest timeout of poll and epoll_wait, 24.8 days: a C int of milliseconds. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1

const NS_PER_MS = 1_000_000
const NS_PER_US = 1000

/** Throws RangeError unless a timeout is null or a number of nanoseconds that is not negative. */
export function assertTimeout(timeoutNs: number | null): void {
  if (timeoutNs !== null && !(timeoutNs >= 0)) {
    throw new RangeError(`a timeout is null or at least 0 ns, not ${timeoutNs}`)
  }
}

/**
 * Nanoseconds as the milliseconds of poll and epoll_wait: rounded up, so that 1 ns is not a busy loop and no
 * wait is early; -1 for none.
 */
export function timeoutMs(timeoutNs: number | null): number {
  return timeoutNs === null ? -1 : Math.min(Math.ceil(Math.ceil(timeoutNs) / NS_PER_MS), MAX_TIMEOUT_MS)
}

/** Whether milliseconds express a timeout exactly, so that the finer system call is not needed. */
export function isWholeMs(timeoutNs: number | null): boolean {
  return timeoutNs === null || timeoutNs % NS_PER_MS === 0
}

/** A reused `struct timespec`. */
export class Timespec {
  readonly #memory = new Memory(layouts.timespec.size)

  /** Fills the struct, rounded up to a nanosecond, and returns its address. */
  set(timeoutNs: number): Memory['address'] {
    writeTimespec(this.#memory.view, 0, timeoutNs)
    return this.#memory.address
  }

  /**
   * The same for a wait: NULL for none, and no more than `MAX_TIMEOUT_MS`, because a library may count in an int of
   * milliseconds (libkqueue does).
   */
  setAtMost(timeoutNs: number | null): Memory['address'] {
    return timeoutNs === null ? NULL : this.set(Math.min(timeoutNs, MAX_TIMEOUT_MS * NS_PER_MS))
  }
}

/** A reused `struct timeval`. Filled before every call: Linux writes the remaining time back into it. */
export class Timeval {
  readonly #memory = new Memory(layouts.timeval.size)

  /** Fills the struct, rounded up to a microsecond, and returns its address. */
  set(timeoutNs: number): Memory['address'] {
    const us = Math.ceil(Math.ceil(Math.min(timeoutNs, Number.MAX_SAFE_INTEGER)) / NS_PER_US)
    writeTime(this.#memory.view, 0, Math.floor(us / 1_000_000), us % 1_000_000)
    return this.#memory.address
  }
}
