/** Groups: any number of pieces of work without a result, which are waited for and canceled together. */
import { CanceledError } from '../../errors.ts'
import { isRoutine } from '../fiber.ts'
import type { FiberBody, Parked, Routine, Work } from '../fiber.ts'
import { WaitQueue } from '../wait-queue.ts'
import type { Future, Futures } from './future.ts'
import { StartQueue } from './start-queue.ts'

/**
 * Made by `Io.group`. Members are forgotten as soon as they have ended, so that a server may start one for each
 * connection. A group that was waited for, or canceled, is empty, and can be used again. One that is given up with
 * members in it goes on; who must not outlive the caller is waited for or canceled in a `finally` block.
 */
export class Group {
  readonly #futures: Futures
  readonly #members = new Set<Future<void>>()
  /** Those of them that wait for their start. */
  readonly #waiting = new StartQueue<Future<void>>()
  readonly #queue: WaitQueue
  /** How many fibers cancel it now. */
  #cancelers = 0
  /** The first that came. */
  #failure: { readonly error: unknown } | undefined

  constructor(futures: Futures, name = 'group') {
    this.#futures = futures
    this.#queue = new WaitQueue(name)
  }

  /** How many have not ended. */
  get size(): number {
    return this.#members.size
  }

  /** Begins work, as `Io.async` does. Its result is dropped; its error is that of the group. */
  async(work: FiberBody<unknown>, name?: string): void
  async(work: () => unknown, name?: string): void
  async(work: Work<unknown>, name?: string): void {
    this.#add('async', work, name)
  }

  /** The same, of work that must run meanwhile. Throws `ConcurrencyUnavailableError`. */
  concurrent(work: FiberBody<unknown>, name?: string): void
  concurrent(work: () => unknown, name?: string): void
  concurrent(work: Work<unknown>, name?: string): void {
    this.#add('concurrent', work, name)
  }

  /**
   * Waits until all have ended, and throws the first error that one of them has thrown. Where the fiber that waits is
   * canceled, so are all, as by `cancel`: then it throws `CanceledError`, unless there is such an error.
   */
  *wait(): Routine {
    const { cancellation } = this.#futures
    let canceled: CanceledError | undefined
    try {
      while (this.#lend()) yield* cancellation.wait(this.#queue.label, () => this.#park())
    } catch (error) {
      if (!(error instanceof CanceledError)) throw error
      canceled = error
      yield* this.#end()
    }
    this.#throwFailure()
    if (canceled !== undefined) throw canceled
  }

  /**
   * Cancels all, those that are added meanwhile too, waits until they have ended, which no cancellation cuts short, and
   * throws the first error that one of them has thrown. What has not started is done up to where it would wait: what it
   * was given, it can close.
   */
  *cancel(): Routine {
    yield* this.#end()
    this.#throwFailure()
  }

  #add(how: 'async' | 'concurrent', work: Work<unknown>, name: string | undefined): void {
    // It ends later, even where it is the next to run: no fiber runs within another.
    const onEnd = (): void => this.#ended(member)
    const member: Future<void> = this.#futures[how](() => this.#perform(work), name, onEnd)
    this.#members.add(member)
    if (member.state === 'waiting') {
      this.#waiting.push(member)
      // Who waits for all waits for this one too, and lends it its place.
      this.#wakeWaiters()
    }
    // A member that had what it waited for before it was canceled may add one: an accept loop does.
    if (this.#cancelers > 0) this.#futures.request(member)
  }

  *#perform(work: Work<unknown>): Routine {
    const { cancellation } = this.#futures
    try {
      const made = work()
      if (isRoutine(made)) yield* made
    } catch (error) {
      if (error instanceof CanceledError && cancellation.isRequested) return
      this.#failure ??= { error }
    }
  }

  #ended(member: Future<void>): void {
    this.#members.delete(member)
    if (this.#members.size === 0 || this.#waiting.first !== undefined) this.#wakeWaiters()
  }

  #wakeWaiters(): void {
    this.#futures.cancellation.scheduler.serveAll(this.#queue)
  }

  /** Cancels all, and waits until none is left. */
  *#end(): Routine {
    for (const member of this.#members) this.#futures.request(member)
    this.#cancelers++
    try {
      while (this.#lend()) yield this.#park()
    } finally {
      this.#cancelers--
    }
  }

  #park(): Parked {
    return this.#futures.cancellation.scheduler.waitIn(this.#queue)
  }

  /** Whether there is somebody to wait for. Who waits lends its place to one that has none. */
  #lend(): boolean {
    const waiting = this.#waiting.first
    if (waiting !== undefined) this.#futures.start(waiting)
    return this.#members.size > 0
  }

  #throwFailure(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.error
  }
}
