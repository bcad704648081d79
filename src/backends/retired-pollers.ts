import type { RetiredPoller } from './backend.ts'
import { RLIMIT_MEMLOCK } from '../libc/constants/linux.ts'
import type { Libc } from '../libc/libc.ts'
import { softLimit } from '../libc/limits.ts'

/** They take 132 KiB each, which may count as locked memory, as that of the rings that are measured does. */
const MOST_RETIRED = 8
/** The least of the limits of locked memory that distributions set. With less, each ring is given back at once. */
const AMPLE_LOCKED_BYTES = 8 * 2 ** 20

/**
 * Pollers that were closed, but for what the kernel takes 20 ms to give back: of many that is waited for once. Nobody may have a copy of them by then; a child that was forked since has one.
 */
export class RetiredPollers {
  readonly #retired: RetiredPoller[] = []
  #hasRoom: boolean | undefined

  /** What takes a Poller that is closed; undefined where none can be kept. */
  taker(libc: Libc): ((retired: RetiredPoller) => void) | undefined {
    this.#hasRoom ??= softLimit(libc, RLIMIT_MEMLOCK, 0) >= AMPLE_LOCKED_BYTES
    return this.#hasRoom ? (retired) => this.#retired.push(retired) : undefined
  }

  get areMany(): boolean {
    return this.#retired.length >= MOST_RETIRED
  }

  end(): void {
    const retired = this.#retired.splice(0)
    for (const one of retired) one.end()
    // The kernel takes them apart in the order in which they were ended.
    retired.at(-1)?.settle()
  }
}
