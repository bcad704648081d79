import type { JobTable } from './job-table.ts'
import type { JobArguments } from './messages.ts'

/**
 * Arguments that were sent to a thread. They are asked for by the thread that has the job, and those of the jobs in its
 * queue with them, because the answer takes longer than most jobs do. Others may have stolen those meanwhile, and their
 * slots have other jobs: what is here is only right for the job that has the same serial.
 */
export class ArgumentStore {
  readonly #table: JobTable
  readonly #bySlot = new Map<number, JobArguments>()

  constructor(table: JobTable) {
    this.#table = table
  }

  keep(jobs: readonly JobArguments[]): void {
    for (const job of jobs) this.#bySlot.set(job.slot, job)
  }

  /** Those of a job that this thread has claimed; undefined where they are not here. */
  take(slot: number): readonly unknown[] | undefined {
    const job = this.#bySlot.get(slot)
    if (job === undefined) return undefined
    this.#bySlot.delete(slot)
    return job.serial === this.#table.serialOf(slot) ? job.values : undefined
  }

  /** Whose arguments are to be asked for, of jobs in the queue. */
  lacking(slots: readonly number[]): number[] {
    return slots.filter(
      (slot) =>
        this.#table.isByMessage(slot) && this.#bySlot.get(slot)?.serial !== this.#table.serialOf(slot),
    )
  }

  /** Nothing of it will be wanted any more. */
  clear(): void {
    this.#bySlot.clear()
  }
}
