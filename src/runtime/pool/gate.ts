/** Whether the poller of a thread can be woken. `HELD`: somebody is doing so. `SHUT`: it is about to be closed. */
const Wakes = { OPEN: 0, HELD: 1, SHUT: 2 } as const

/**
 * Whether a thread can be ended where it is. `GUARDED`: it does what it must not be torn out of. `REQUESTED`: so too, and
 * it goes no further than to the end of that. `DOOMED`: it can be ended at any time, and only waits for that, at the
 * latest where it would guard itself again.
 */
const End = { OPEN: 0, GUARDED: 1, REQUESTED: 2, DOOMED: 3 } as const

const WAKES = 0
const END = 1

/**
 * What may be done to a thread from outside, in shared memory. These must not happen:
 *
 * - A wake is written to a descriptor which the thread has closed, and which is somebody else's by then.
 * - The thread is ended between opening something and writing it down: it stays open for as long as the process lives.
 * - The thread is ended within a native call: ffi-rs aborts the process then, see `guardCalls`.
 */
export class Gate {
  static readonly WORDS = 2
  readonly #words: Int32Array
  /** How often the thread has guarded itself; as `reset` leaves it. */
  #depth = 1

  /** Over two words that nobody else uses. */
  constructor(words: Int32Array) {
    this.#words = words
  }

  /** For the main thread, before it starts the thread. That opens its poller first, and is guarded. */
  reset(): void {
    Atomics.store(this.#words, WAKES, Wakes.OPEN)
    Atomics.store(this.#words, END, End.GUARDED)
    this.#depth = 1
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

  /**
   * For the main thread: whether the thread may be ended now. If not, it waits to be ended as soon as it may, which a
   * wake brings about where it sleeps.
   */
  doom(): boolean {
    const was = Atomics.compareExchange(this.#words, END, End.OPEN, End.DOOMED)
    if (was === End.GUARDED) Atomics.compareExchange(this.#words, END, End.GUARDED, End.REQUESTED)
    return was === End.OPEN || was === End.DOOMED
  }

  /** For the main thread, after `doom`: waits until the thread may be ended, and keeps the main thread from all else. */
  awaitDoom(timeoutMs: number): void {
    Atomics.wait(this.#words, END, End.REQUESTED, timeoutMs)
  }

  /** For the thread: from now on, until as many `unguard`, it must not be ended. */
  guard(): void {
    if (this.#depth++ > 0) return
    if (Atomics.compareExchange(this.#words, END, End.OPEN, End.GUARDED) !== End.OPEN) this.#end()
  }

  /** For the thread: it may be ended again. */
  unguard(): void {
    if (--this.#depth > 0) return
    if (Atomics.compareExchange(this.#words, END, End.GUARDED, End.OPEN) !== End.GUARDED) this.#end()
  }

  /** Does not return. */
  #end(): void {
    Atomics.store(this.#words, END, End.DOOMED)
    Atomics.notify(this.#words, END)
    for (;;) Atomics.wait(this.#words, END, End.DOOMED)
  }
}
