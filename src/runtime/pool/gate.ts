/** Whether the poller of a thread can be woken. `HELD`: somebody is doing so. `SHUT`: it is about to be closed. */
const Wakes = { OPEN: 0, HELD: 1, SHUT: 2 } as const

/** Whether a thread can be ended where it is. `GUARDED`: it does what it must not be torn out of. */
const End = { OPEN: 0, GUARDED: 1, DOOMED: 2 } as const

const WAKES = 0
const END = 1

/**
 * What may be done to a thread from outside, in shared memory. Two things must not happen: that a wake is written to a
 * descriptor which the thread has closed, and which is somebody else's by then; and that the thread is ended between
 * opening something and writing it down, so that it stays open for as long as the process lives.
 */
export class Gate {
  static readonly WORDS = 2
  readonly #words: Int32Array

  /** Over two words that nobody else uses. */
  constructor(words: Int32Array) {
    this.#words = words
  }

  /** For the main thread, before it starts the thread. That opens its poller first, and is guarded. */
  reset(): void {
    Atomics.store(this.#words, WAKES, Wakes.OPEN)
    Atomics.store(this.#words, END, End.GUARDED)
  }

  /** For the main thread: wakes, unless there is nothing to be woken any more. */
  wake(wake: () => void): void {
    if (Atomics.compareExchange(this.#words, WAKES, Wakes.OPEN, Wakes.HELD) !== Wakes.OPEN) return
    try {
      wake()
    } finally {
      Atomics.store(this.#words, WAKES, Wakes.OPEN)
      Atomics.notify(this.#words, WAKES)
    }
  }

  /** For the thread, before it closes its poller: waits for a wake that is being written. No other one follows. */
  shut(): void {
    let was: number
    while ((was = Atomics.compareExchange(this.#words, WAKES, Wakes.OPEN, Wakes.SHUT)) === Wakes.HELD) {
      Atomics.wait(this.#words, WAKES, was)
    }
  }

  /** For the main thread: whether the thread may be ended now. If so, it comes to guard itself no more. */
  doom(): boolean {
    return Atomics.compareExchange(this.#words, END, End.OPEN, End.DOOMED) !== End.GUARDED
  }

  /** For the thread: from now on it must not be ended. If it is about to be, this does not return. */
  guard(): void {
    while (Atomics.compareExchange(this.#words, END, End.OPEN, End.GUARDED) === End.DOOMED) {
      Atomics.wait(this.#words, END, End.DOOMED)
    }
  }

  /** For the thread: it may be ended again. */
  unguard(): void {
    Atomics.store(this.#words, END, End.OPEN)
  }
}
