import { NONE } from './shared-ring.ts'
import type { SharedRing } from './shared-ring.ts'
import { Inbox } from './shared.ts'
import type { PoolMemory } from './shared.ts'

/** A thread that has no job looks at the queues of so many others at once, each time at the next ones. */
export const MOST_LOOKED_AT = 4

/** A thread takes so many of the common jobs at once. Others steal what it does not come to. */
const SHARE = 16

/**
 * Where a thread finds its next job: in its own queue, among the common ones, in the queue of another. What it
 * returns is the slot of a job that is still to be claimed.
 */
export class Finder {
  readonly #memory: PoolMemory
  readonly #me: number
  readonly #own: SharedRing
  readonly #hasMore: () => void
  #nextVictim: number

  /** `hasMore` is called when it is known that jobs wait in the queue of a thread that another one could steal. */
  constructor(memory: PoolMemory, me: number, hasMore: () => void) {
    const own = memory.queues[me]
    if (own === undefined) throw new RangeError(`the pool has no thread ${me}`)
    this.#memory = memory
    this.#me = me
    this.#own = own
    this.#hasMore = hasMore
    this.#nextVictim = me
  }

  /** At the start and after a sleep: from now on the thread is busy. Returns the job that it was given, or `NONE`. */
  begin(): number {
    const given = this.#memory.setInbox(this.#me, Inbox.BUSY)
    return given >= 0 ? given : NONE
  }

  /**
   * For who has nothing else to do, either: the next job; `NONE`: there is none, and the thread is known to be idle, and
   * must sleep until it is woken.
   *
   * It looks at all queues once more after it has said that it is idle, and whoever has queued a job looks for idle
   * threads after that: one of the two sees the other. A job that is seen so may be further away than a thread looks
   * for one at once; so it begins anew, with the next ones.
   */
  nextOrIdle(): number {
    for (;;) {
      const found = this.next()
      if (found !== NONE) {
        this.#keep(this.begin())
        return found
      }
      if (!this.#memory.rest(this.#me)) return this.begin()
      if (!this.#memory.hasQueued) return NONE
      const given = this.begin()
      if (given !== NONE) return given
    }
  }

  /** It was idle since the last time, and was given a job when it had found another one. */
  #keep(given: number): void {
    if (given === NONE) return
    this.#own.push(given)
    this.#hasMore()
  }

  /** The next job; `NONE`: there is none in sight. */
  next(): number {
    const own = this.#own.take()
    if (own !== NONE) return own
    const common = this.#takeShare()
    return common === NONE ? this.#steal() : common
  }

  #takeShare(): number {
    const first = this.#memory.common.take()
    if (first === NONE) return NONE
    let moved = 0
    for (; moved < SHARE - 1; moved++) {
      const slot = this.#memory.common.take()
      if (slot === NONE) break
      this.#own.push(slot)
    }
    if (moved > 0) this.#hasMore()
    return first
  }

  #steal(): number {
    const { queues } = this.#memory
    let looks = 0
    for (let i = 1; i < queues.length && looks < MOST_LOOKED_AT; i++) {
      this.#nextVictim = (this.#nextVictim + 1) % queues.length
      if (this.#nextVictim === this.#me) this.#nextVictim = (this.#nextVictim + 1) % queues.length
      const victim = queues[this.#nextVictim]
      if (victim === undefined || this.#memory.inbox(this.#nextVictim) === Inbox.ABSENT) continue
      looks++
      const slot = victim.take()
      if (slot === NONE) continue
      this.#memory.addStolen(this.#me)
      // Who steals may be held up by that, and the next one who is idle is to have the rest.
      if (victim.size > 0) this.#hasMore()
      return slot
    }
    return NONE
  }
}
