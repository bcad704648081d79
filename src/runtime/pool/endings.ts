import { JobState } from './job-table.ts'
import type { Jobs } from './jobs.ts'
import { NONE } from './shared-ring.ts'
import type { PoolMemory } from './shared.ts'

/** So often a job may find itself in a thread that ends. Who ends each thread it runs in must not end all. */
const MOST_ATTEMPTS = 3

/** How jobs end that did not say so by a message: they have returned a number, or their thread is gone. */
export class Endings {
  readonly #memory: PoolMemory
  readonly #jobs: Jobs

  constructor(memory: PoolMemory, jobs: Jobs) {
    this.#memory = memory
    this.#jobs = jobs
  }

  /** Settles what a thread has done. */
  settleReturned(thread: number): void {
    const returned = this.#memory.returned[thread]
    for (let slot = returned?.take() ?? NONE; slot !== NONE; slot = returned?.take() ?? NONE) {
      this.#settle(slot)
    }
  }

  /**
   * A thread is gone, all that it has sent was heeded, and no other one has its place yet. Nothing that it has claimed
   * can change any more. What is left for others stands in the common queue afterwards.
   */
  threadEnded(thread: number, reason: string, isClosing: boolean): void {
    this.settleReturned(thread)
    for (const slot of this.#jobs.claimedBy(thread)) {
      // It was done, and the thread came not as far as to say so.
      if (this.#memory.table.stateOf(slot) === JobState.RETURNED) this.#settle(slot)
      // With the pool, all others end alike.
      else if (!isClosing) this.#recover(slot, thread, reason)
    }
    if (!isClosing) this.#queueAgain(thread)
  }

  #settle(slot: number): void {
    const result = this.#memory.table.resultOf(slot)
    this.#jobs.take(slot)?.resolve(result)
  }

  /** What becomes of a job whose thread is gone. */
  #recover(slot: number, thread: number, reason: string): void {
    const job = this.#jobs.at(slot)
    if (job === undefined) return
    const isUntouched = this.#memory.table.stateOf(slot) === JobState.CLAIMED
    const isRepeatable = job.idempotent && this.#memory.table.stateOf(slot) === JobState.STARTED
    job.attempts++
    if ((isUntouched || isRepeatable) && job.attempts < MOST_ATTEMPTS) return this.#memory.table.requeue(slot)
    this.#jobs.take(slot)
    const when = isUntouched ? 'before it had started' : 'while it ran'
    job.fail('worker-died', `thread ${thread} has ended ${when}: ${reason}`)
  }

  /**
   * Says anew where all jobs are that nobody has claimed: the thread may have been about to. Those that stand somewhere
   * twice by that are claimed once nevertheless.
   */
  #queueAgain(thread: number): void {
    for (const queue of [this.#memory.queues[thread], this.#memory.common]) {
      while (queue !== undefined && queue.take() !== NONE);
    }
    for (const slot of this.#jobs.queued()) this.#memory.enqueue(slot)
  }
}
