import { constants as osConstants } from 'node:os'
import { SystemError } from '../../errors.ts'
import { IORING_OP, IOSQE } from '../../libc/constants/io-uring.ts'
import { errnoName, lastError } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { CqeWord, SqeWord } from '../../libc/ring.ts'
import type { Ring } from '../../libc/ring.ts'

/** The low word of `user_data` of requests that do nothing; see `WAKER`. */
const NOTHING = -3

/** Requests of a turn's own. */
export const MARKERS = 2

/** How often answers are looked at before the kernel is asked to wait for one: for some 20 microseconds. */
const LOOKS = 1000

/** How long the thread may take for a request, on a machine that is very busy. */
const PATIENCE_MS = 10_000

/** How long to wait for what tells nobody that it has happened. */
const PAUSE_MS = 0.1

/**
 * Waits for the thread of the kernel that works for a ring (IORING_SETUP_SQPOLL). It takes requests in their order, and
 * what they wake later it works off in the order of the wake-ups. A pair of linked requests that do nothing goes
 * through both: when the first is answered, the second is queued behind all wake-ups so far (io_queue_next), and when
 * that one is answered too, all that was asked and all that had happened before is among the answers.
 */
export class Turns {
  readonly #libc: Libc
  readonly #ring: Ring
  #turn = 0

  constructor(libc: Libc, ring: Ring) {
    this.#libc = libc
    this.#ring = ring
  }

  /**
   * Hands over what was pushed, and returns when it is asked for and all from before has its answer; or where there is
   * no more room for answers. Throws `SystemError`: EOWNERDEAD where the thread is gone, ETIME where it does nothing.
   */
  take(): void {
    this.makeRoom(MARKERS)
    const ring = this.#ring
    const before = ring.count()
    const turn = (this.#turn = (this.#turn + 1) | 0)
    this.#pushNothing(IOSQE.IO_LINK, 0)
    this.#pushNothing(0, turn)
    ring.publish()
    let at = before
    const isAnswered = (): boolean => {
      for (const count = ring.count(); at < count; at++) {
        if (ring.word(at, CqeWord.USER_DATA) !== NOTHING) continue
        if (ring.word(at, CqeWord.USER_DATA + 1) === turn) return true
      }
      return at === ring.cqEntries
    }
    // No number that is looked up later: the last answer may be there by then, and no other one comes.
    this.#awaitThat(isAnswered, () => at + 1)
    this.#dropNothing()
  }

  /** Waits until so many requests can be pushed. Throws as `take` does. */
  makeRoom(count: number): void {
    const ring = this.#ring
    if (ring.waiting + count <= ring.sqEntries) return
    ring.publish()
    // Requests that are taken need not have answers.
    const hasRoom = (): boolean => ring.waiting + count <= ring.sqEntries
    this.#awaitThat(hasRoom, () => ring.count() + 1, PAUSE_MS)
  }

  #pushNothing(flags: number, turn: number): void {
    const { entry } = this.#ring
    entry.fill(0)
    entry[SqeWord.OPCODE] = IORING_OP.NOP | (flags << 8)
    entry[SqeWord.FD] = -1
    entry[SqeWord.USER_DATA] = NOTHING
    entry[SqeWord.USER_DATA + 1] = turn
    this.#ring.pushEntry(0, 0)
  }

  /** Looks whenever there are as many answers as `wanted` says after a look, and after `pauseMs`. */
  #awaitThat(isSo: () => boolean, wanted: () => number, pauseMs = PATIENCE_MS): void {
    for (let looks = 0; looks < LOOKS; looks++) if (isSo()) return
    const deadlineMs = performance.now() + PATIENCE_MS
    while (!isSo()) {
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) {
        throw new SystemError(
          'io_uring_enter',
          osConstants.errno.ETIME,
          'ETIME',
          'the thread of the ring does nothing',
        )
      }
      const ring = this.#ring
      if (ring.enter(wanted(), Math.min(leftMs, pauseMs) * 1e6) !== -1) continue
      // EINTR is not for this, for nobody waits yet. EBUSY: answers have to be taken first (Linux before 5.19).
      const name = errnoName(this.#libc.errno())
      if (name === 'EBUSY') return
      if (name !== 'EINTR' && name !== 'ETIME') throw lastError(this.#libc, 'io_uring_enter')
    }
  }

  /** Gives back the answers that say nothing and come before all others. */
  #dropNothing(): void {
    const count = this.#ring.count()
    let nothing = 0
    while (nothing < count && this.#ring.word(nothing, CqeWord.USER_DATA) === NOTHING) nothing++
    this.#ring.release(nothing)
  }
}
