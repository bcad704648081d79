import { UnsupportedError } from '../../errors.ts'
import type { QueuePlace, SharedQueue } from '../../libc/shared-queue.ts'
import type { Mapped, RecordedEntry, Tape } from './tape.ts'

/** The first word of an entry that is read: who it is for, which differs most. */
const FIRST = 1

/** Where what happens in a queue is recorded. */
export interface QueueRecorder {
  /** The tape that runs, or undefined. */
  tape(): Tape | undefined
  /** Where an address is, independent of where the kernel has put the mapping. */
  mapped(address: number): Mapped
}

/** A queue whose use goes onto a tape, while one runs. */
export class RecordedQueue implements SharedQueue {
  readonly capacity: number
  readonly #queue: SharedQueue
  readonly #place: QueuePlace
  readonly #recorder: QueueRecorder
  readonly #head: Mapped
  readonly #tail: Mapped
  readonly #entries: Mapped
  /** What is known of an entry before its words are, by how far ahead it is. */
  readonly #put: Omit<RecordedEntry, 'words'>[] = []
  readonly #read: Omit<RecordedEntry, 'words'>[] = []
  readonly #words: Int32Array
  readonly #keys: Readonly<Record<'count' | 'put' | 'taken', string>>

  constructor(queue: SharedQueue, place: QueuePlace, recorder: QueueRecorder) {
    this.capacity = queue.capacity
    this.#queue = queue
    this.#place = place
    this.#recorder = recorder
    this.#head = recorder.mapped(place.countersAddress + 4 * place.head)
    this.#tail = recorder.mapped(place.countersAddress + 4 * place.tail)
    this.#entries = recorder.mapped(place.entriesAddress)
    this.#words = new Int32Array(place.entryWords)
    // They are needed for every request, so they are made once.
    this.#keys = {
      count: keyOf('count', this.#tail),
      put: keyOf('advance', this.#tail),
      taken: keyOf('advance', this.#head),
    }
  }

  initialize(): void {
    this.#queue.initialize()
    const { order } = this.#place
    if (order === undefined) return
    const entries = this.#recorder.mapped(order.address)
    // Nothing was put yet: the counter is where it starts.
    for (const [i, word] of order.words.entries()) {
      const entry = { ...this.#entry('put', this.#tail, i), entries, places: FIRST, compared: 0 }
      this.#recorder.tape()?.addEntry(entry, Int32Array.of(word), word)
    }
  }

  count(): number {
    const count = this.#queue.count()
    const [head, tail] = [this.#head, this.#tail]
    this.#recorder.tape()?.add(this.#keys.count, () => ({ kind: 'count', head, tail }), count)
    return count
  }

  isEmpty(): boolean {
    return this.#queue.isEmpty()
  }

  put(ahead: number, entry: Int32Array, number: number, places: number): void {
    this.#queue.put(ahead, entry, number, places)
    const tape = this.#recorder.tape()
    if (tape === undefined) return
    let recorded = this.#put[ahead]
    if (recorded?.places !== places) {
      recorded = { ...this.#entry('put', this.#tail, ahead), places, compared: 0 }
      this.#put[ahead] = recorded
    }
    tape.addEntry(recorded, entry, number)
  }

  publish(count: number): void {
    this.#queue.publish(count)
    this.#advance(this.#keys.put, this.#tail, count)
  }

  word(ahead: number, index: number): number {
    return this.#queue.word(ahead, index)
  }

  /** What is given back was read: each of these entries is looked at, and then the counter is changed. */
  take(count: number): void {
    const { entryWords } = this.#place
    const compared = 2 ** entryWords - 1
    const tape = this.#recorder.tape()
    const words = this.#words
    for (let i = 0; i < count && tape !== undefined; i++) {
      for (let index = 0; index < entryWords; index++) words[index] = this.#queue.word(i, index)
      this.#read[i] ??= { ...this.#entry('read', this.#head, i), places: FIRST, compared }
      tape.addEntry(this.#read[i] as Omit<RecordedEntry, 'words'>, words, words[0] ?? 0)
    }
    this.#queue.take(count)
    this.#advance(this.#keys.taken, this.#head, count)
  }

  #entry(
    kind: RecordedEntry['kind'],
    counter: Mapped,
    ahead: number,
  ): Pick<RecordedEntry, 'kind' | 'counter' | 'entries' | 'capacity' | 'ahead'> {
    return { kind, counter, entries: this.#entries, capacity: this.capacity, ahead }
  }

  #advance(key: string, counter: Mapped, count: number): void {
    this.#recorder.tape()?.add(key, () => ({ kind: 'advance', counter }), count)
  }
}

function keyOf(kind: string, { slot, offset }: Mapped): string {
  return `${kind} ${slot} ${offset}`
}

/** What cannot be replayed: what a wait is told through a queue decides what is asked for next. */
export function assertChecked(isUnchecked: boolean): void {
  if (!isUnchecked) return
  throw new UnsupportedError(
    'recording io_uring where results may differ',
    'what a wait is told decides what is asked for next',
  )
}
