/**
 * The jobs of a pool in shared memory, one slot each. Who may do what with a job is decided here alone, by
 * compare-and-swap on its state; the queues only say where to look. So a number of a slot that stands in two queues,
 * or in one after its job has ended, does no harm.
 *
 * A state is what has become of the job, and which thread has done that:
 *
 *     FREE → QUEUED → CLAIMED by a thread → STARTED → RETURNED, or TOLD by a message
 */
export const JobState = { FREE: 0, QUEUED: 1, CLAIMED: 2, STARTED: 3, RETURNED: 4, TOLD: 5 } as const
export type JobState = (typeof JobState)[keyof typeof JobState]

/** So many arguments that are numbers have a place in the slot. */
export const MOST_NUMBERS = 6

/** Instead of how many numbers: the arguments come by a message. */
const BY_MESSAGE = -1

const STATE_BITS = 3
const Word = { STATE: 0, FUNCTION: 1, ARGUMENTS: 2, HAS_RESULT: 3, SERIAL: 4 } as const
const WORDS = 5
const NUMBERS = 8
/** The result stands behind the arguments. */
const RESULT = MOST_NUMBERS

export class JobTable {
  readonly length: number
  readonly #words: Int32Array
  readonly #numbers: Float64Array

  static bytes(length: number): number {
    return length * (4 * WORDS + 8 * NUMBERS)
  }

  /** `offset` is a multiple of 8. */
  constructor(memory: SharedArrayBuffer, offset: number, length: number) {
    this.length = length
    this.#numbers = new Float64Array(memory, offset, length * NUMBERS)
    this.#words = new Int32Array(memory, offset + 8 * length * NUMBERS, length * WORDS)
  }

  stateOf(slot: number): JobState {
    return (this.#state(slot) & ((1 << STATE_BITS) - 1)) as JobState
  }

  /** The thread that has claimed it. */
  threadOf(slot: number): number {
    return this.#state(slot) >> STATE_BITS
  }

  functionOf(slot: number): number {
    return this.#words[slot * WORDS + Word.FUNCTION] ?? -1
  }

  /** Which of the jobs this is that the slot has had. Counts on, and wraps. */
  serialOf(slot: number): number {
    return this.#words[slot * WORDS + Word.SERIAL] ?? 0
  }

  /** Whether the arguments come by a message. */
  isByMessage(slot: number): boolean {
    return this.#words[slot * WORDS + Word.ARGUMENTS] === BY_MESSAGE
  }

  /** The arguments; undefined where they come by a message. */
  argumentsOf(slot: number): number[] | undefined {
    const count = this.#words[slot * WORDS + Word.ARGUMENTS] ?? 0
    if (count === BY_MESSAGE) return undefined
    const first = slot * NUMBERS
    return [...this.#numbers.subarray(first, first + count)]
  }

  /** What a job that has `RETURNED` has returned. */
  resultOf(slot: number): number | undefined {
    if (this.#words[slot * WORDS + Word.HAS_RESULT] !== 1) return undefined
    return this.#numbers[slot * NUMBERS + RESULT]
  }

  /** For the main thread: makes a job of a free slot. Whoever finds its number may claim it. */
  fill(slot: number, fn: number, numbers: readonly number[] | undefined): void {
    this.#words[slot * WORDS + Word.SERIAL] = (this.serialOf(slot) + 1) | 0
    this.#words[slot * WORDS + Word.FUNCTION] = fn
    this.#words[slot * WORDS + Word.ARGUMENTS] = numbers?.length ?? BY_MESSAGE
    if (numbers !== undefined) this.#numbers.set(numbers, slot * NUMBERS)
    this.requeue(slot)
  }

  /** For the main thread, of a slot that no living thread has claimed. */
  requeue(slot: number): void {
    Atomics.store(this.#words, slot * WORDS, JobState.QUEUED)
  }

  /** For the main thread, of a job that is over. */
  free(slot: number): void {
    Atomics.store(this.#words, slot * WORDS, JobState.FREE)
  }

  /** For the main thread: takes back a job that nobody has claimed. */
  withdraw(slot: number): boolean {
    return this.#swap(slot, JobState.QUEUED, JobState.FREE)
  }

  /** Of all threads that find a job, one gets it. */
  claim(slot: number, thread: number): boolean {
    return this.#swap(slot, JobState.QUEUED, stateBy(JobState.CLAIMED, thread))
  }

  /** From here on the job may have done something. */
  start(slot: number, thread: number): void {
    Atomics.store(this.#words, slot * WORDS, stateBy(JobState.STARTED, thread))
  }

  finish(slot: number, thread: number, result: number | undefined): void {
    this.#words[slot * WORDS + Word.HAS_RESULT] = result === undefined ? 0 : 1
    if (result !== undefined) this.#numbers[slot * NUMBERS + RESULT] = result
    Atomics.store(this.#words, slot * WORDS, stateBy(JobState.RETURNED, thread))
  }

  /** How it ended is about to be sent. */
  told(slot: number, thread: number): void {
    Atomics.store(this.#words, slot * WORDS, stateBy(JobState.TOLD, thread))
  }

  #state(slot: number): number {
    return Atomics.load(this.#words, slot * WORDS)
  }

  #swap(slot: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, slot * WORDS, from, to) === from
  }
}

function stateBy(state: JobState, thread: number): number {
  return state | (thread << STATE_BITS)
}
