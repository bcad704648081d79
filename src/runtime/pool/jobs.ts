import type { Job } from './job.ts'
import { JobState } from './job-table.ts'
import type { JobTable } from './job-table.ts'
import type { JobArguments } from './messages.ts'
import { NONE } from './shared-ring.ts'

/** All jobs of a pool that are not over: those in the table, and those that wait until it has room. */
export class Jobs {
  readonly #table: JobTable
  readonly #free: number[]
  readonly #inTable: (Job | undefined)[]
  #waiting: Job[] = []
  /** How many of those that have waited are in the table by now. */
  #passed = 0

  constructor(table: JobTable) {
    this.#table = table
    this.#free = Array.from({ length: table.length }, (_, slot) => slot)
    this.#inTable = this.#free.map(() => undefined)
  }

  get size(): number {
    return this.#waiting.length - this.#passed + this.#table.length - this.#free.length
  }

  add(job: Job): void {
    this.#waiting.push(job)
  }

  /** Puts the next one into the table, and returns its slot; `NONE` where there is no job, or no room. */
  fillNext(): number {
    const job = this.#waiting[this.#passed]
    if (job === undefined) return NONE
    const slot = this.#free.pop()
    if (slot === undefined) return NONE
    this.#passed++
    if (this.#passed === this.#waiting.length || this.#passed > this.#table.length) {
      this.#waiting = this.#waiting.slice(this.#passed)
      this.#passed = 0
    }
    this.#inTable[slot] = job
    this.#table.fill(slot, job.definition.id, job.numbers)
    return slot
  }

  at(slot: number): Job | undefined {
    return this.#inTable[slot]
  }

  /** What jobs are called with, for a thread that has one of them, and may come to have the others. */
  argumentsOf(slots: readonly number[]): JobArguments[] {
    return slots.flatMap((slot) => {
      const job = this.#inTable[slot]
      return job === undefined ? [] : { slot, serial: this.#table.serialOf(slot), values: job.args }
    })
  }

  /** The job of a slot is over: its slot is free. */
  take(slot: number): Job | undefined {
    const job = this.#inTable[slot]
    if (job === undefined) return undefined
    this.#inTable[slot] = undefined
    this.#table.free(slot)
    this.#free.push(slot)
    return job
  }

  /** The slots of all that a thread has claimed. */
  claimedBy(thread: number): number[] {
    const { QUEUED } = JobState
    return this.#slots((slot) => this.#table.stateOf(slot) > QUEUED && this.#table.threadOf(slot) === thread)
  }

  /** The slots of all that nobody has claimed. */
  queued(): number[] {
    return this.#slots((slot) => this.#table.stateOf(slot) === JobState.QUEUED)
  }

  /** Takes back all that nobody has claimed. */
  withdraw(): Job[] {
    const slots = this.#slots((slot) => this.#table.withdraw(slot))
    return [...slots.flatMap((slot) => this.take(slot) ?? []), ...this.#takeWaiting()]
  }

  /** Takes all. No thread may be left. */
  takeAll(): Job[] {
    const slots = this.#slots(() => true)
    return [...slots.flatMap((slot) => this.take(slot) ?? []), ...this.#takeWaiting()]
  }

  #slots(isMeant: (slot: number) => boolean): number[] {
    return [...this.#inTable.keys()].filter((slot) => this.#inTable[slot] !== undefined && isMeant(slot))
  }

  #takeWaiting(): Job[] {
    const jobs = this.#waiting.slice(this.#passed)
    this.#waiting = []
    this.#passed = 0
    return jobs
  }
}
