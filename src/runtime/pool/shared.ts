/**
 * What the threads of a pool have in common. Numbers are in shared memory: where jobs are, whose they are, who is idle,
 * arguments and results that are numbers. Everything else travels by one MessagePort for each thread: only that can
 * clone a value into another heap, and shared memory has no references. The numbers do not travel by it, because a
 * message is for one receiver who is known beforehand, and must be taken by it: nobody could steal it, and it costs
 * ten times as much as a swap of a word.
 */
import { Gate } from './gate.ts'
import { JobTable } from './job-table.ts'
import { Journal } from './journal.ts'
import { SharedRing } from './shared-ring.ts'

/**
 * What a thread is doing: a word of its own, which whoever has a job for an idle thread swaps for the job. A number
 * from 0 is the slot that it was given.
 */
export const Inbox = { BUSY: -1, IDLE: -2, ABSENT: -3 } as const

/** Words of each thread. */
const Word = { INBOX: 0, MAIL: 1, NOTIFIED: 2, STOLEN: 3, GATE: 4 /* and 5 */ } as const
/** A cache line, so that threads do not take each other's words away. */
const WORDS = 16

/** Plain data: it travels to the threads. */
export interface PoolPlan {
  readonly memory: SharedArrayBuffer
  /** How many threads there may be, and how many jobs at once. */
  readonly threads: number
  readonly slots: number
}

export class PoolMemory {
  readonly plan: PoolPlan
  readonly table: JobTable
  /** Jobs that found no thread. The main thread pushes, all threads take. */
  readonly common: SharedRing
  /** Of each thread, the jobs that it has taken upon itself; others steal from there. */
  readonly queues: readonly SharedRing[]
  /** Of each thread, the jobs that have returned. The main thread takes. */
  readonly returned: readonly SharedRing[]
  readonly journals: readonly Journal[]
  readonly gates: readonly Gate[]
  readonly #words: Int32Array

  static plan(threads: number, slots: number): PoolPlan {
    const rings = (2 * threads + 1) * roundUp(SharedRing.bytes(2 * slots))
    const words = 4 * WORDS * (threads + 1)
    const memory = new SharedArrayBuffer(
      roundUp(words) + roundUp(JobTable.bytes(slots)) + rings + threads * Journal.BYTES,
    )
    const plan = { memory, threads, slots }
    const made = new PoolMemory(plan)
    for (let thread = 0; thread < threads; thread++) made.setInbox(thread, Inbox.ABSENT)
    return plan
  }

  constructor(plan: PoolPlan) {
    const { memory, threads, slots } = plan
    let end = 0
    const place = (bytes: number): number => {
      const start = end
      end += roundUp(bytes)
      return start
    }
    const ring = (): SharedRing => new SharedRing(memory, place(SharedRing.bytes(2 * slots)), 2 * slots)
    this.plan = plan
    this.#words = new Int32Array(memory, place(4 * WORDS * (threads + 1)), WORDS * (threads + 1))
    this.table = new JobTable(memory, place(JobTable.bytes(slots)), slots)
    this.common = ring()
    this.queues = Array.from({ length: threads }, ring)
    this.returned = Array.from({ length: threads }, ring)
    this.gates = Array.from({ length: threads }, (_, thread) => {
      const first = at(thread, Word.GATE)
      return new Gate(this.#words.subarray(first, first + Gate.WORDS))
    })
    this.journals = Array.from({ length: threads }, () => new Journal(memory, place(Journal.BYTES)))
  }

  inbox(thread: number): number {
    return Atomics.load(this.#words, at(thread, Word.INBOX))
  }

  /** Returns what it was. */
  setInbox(thread: number, value: number): number {
    return Atomics.exchange(this.#words, at(thread, Word.INBOX), value)
  }

  /** For a thread that has nothing to do: it is idle from now on, or still is. False where it was given a job meanwhile. */
  rest(thread: number): boolean {
    const was = Atomics.compareExchange(this.#words, at(thread, Word.INBOX), Inbox.BUSY, Inbox.IDLE)
    return was === Inbox.BUSY || was === Inbox.IDLE
  }

  /** Gives an idle thread a job, or (`Inbox.BUSY`) has it look for one. False where it is not idle any more. */
  offer(thread: number, value: number): boolean {
    return Atomics.compareExchange(this.#words, at(thread, Word.INBOX), Inbox.IDLE, value) === Inbox.IDLE
  }

  /** For the main thread: puts a job where all threads look. Who is idle is to be woken then. */
  enqueue(slot: number): void {
    // Each job is there once, and once more where a thread has died: that is what its size is made for.
    if (!this.common.push(slot)) throw new RangeError('the queue of the pool is full')
  }

  /** Whether there is a job in any queue, or was a moment ago. */
  get hasQueued(): boolean {
    return this.common.size > 0 || this.queues.some(({ size }) => size > 0)
  }

  /** How many messages were sent to a thread. It looks here, because that costs less than to look for a message. */
  mail(thread: number): number {
    return Atomics.load(this.#words, at(thread, Word.MAIL))
  }

  addMail(thread: number): void {
    Atomics.add(this.#words, at(thread, Word.MAIL), 1)
  }

  /** Whether the main thread is yet to be told that there is something of this thread to look at. */
  notify(thread: number): boolean {
    return Atomics.exchange(this.#words, at(thread, Word.NOTIFIED), 1) === 0
  }

  /** For the main thread, before it looks. */
  noticed(thread: number): void {
    Atomics.store(this.#words, at(thread, Word.NOTIFIED), 0)
  }

  addStolen(thread: number): void {
    Atomics.add(this.#words, at(thread, Word.STOLEN), 1)
  }

  /** How many jobs threads have stolen from others. */
  get stolen(): number {
    let sum = 0
    for (let thread = 0; thread < this.plan.threads; thread++) {
      sum += Atomics.load(this.#words, at(thread, Word.STOLEN))
    }
    return sum
  }

  get isExiting(): boolean {
    return Atomics.load(this.#words, 0) !== 0
  }

  exit(): void {
    Atomics.store(this.#words, 0, 1)
  }
}

/** The first line is that of the pool. */
function at(thread: number, word: number): number {
  return (thread + 1) * WORDS + word
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}
