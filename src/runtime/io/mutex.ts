/** A mutex of fibers. */
import { FiberError } from '../../errors.ts'
import type { Fiber, Parked, Routine } from '../fiber.ts'
import { Wakeup } from '../fiber.ts'
import type { Scheduler } from '../scheduler.ts'
import { WaitQueue } from '../wait-queue.ts'
import type { Cancellation } from './cancellation.ts'

/**
 * Made by `Io.mutex`. First come, first served: `unlock` hands it to who waits longest, so that nobody starves and
 * nobody comes in between. What does not wait needs no mutex, for no fiber is interrupted; it is for what is done
 * over several waits.
 */
export class Mutex {
  readonly #cancellation: Cancellation
  readonly #queue: WaitQueue
  #owner: Fiber | undefined

  constructor(cancellation: Cancellation, name = 'mutex') {
    this.#cancellation = cancellation
    this.#queue = new WaitQueue(name)
  }

  get name(): string {
    return this.#queue.label
  }

  /** Who holds it; undefined where nobody does. */
  get owner(): Fiber | undefined {
    return this.#owner
  }

  /** Takes it where nobody holds it, and says whether. Throws `FiberError` outside of fibers. */
  tryLock(): boolean {
    const fiber = this.#fiber('tryLock')
    if (this.#owner !== undefined) return false
    this.#owner = fiber
    return true
  }

  /**
   * Waits until it has it. Throws `CanceledError` where it would wait; it then does not hold it. Throws `FiberError`
   * where it holds it already: it would wait for itself.
   */
  lock(): Routine {
    return this.#take(true)
  }

  /** The same, which no cancellation ends. */
  lockUncancelable(): Routine {
    return this.#take(false)
  }

  /**
   * Hands it to who waits longest. Throws `FiberError` where the fiber that runs does not hold it; but one that is ended
   * while it waits, by `Scheduler.close`, may have given it up for a condition, and unlocks nothing.
   */
  unlock(): void {
    const { current } = this.#scheduler
    if (current?.state === 'done' && current !== this.#owner) return
    this.assertOwned('unlock')
    this.#owner = this.#scheduler.serveFirst(this.#queue)
  }

  /** For conditions too: throws `FiberError` where the fiber that runs does not hold it. */
  assertOwned(operation: string): void {
    const fiber = this.#fiber(operation)
    if (this.#owner === fiber) return
    const what = this.#owner === undefined ? 'nobody holds it' : `${this.#owner.toString()} holds it`
    throw new FiberError('not-owner', `${operation} of ${this.name}`, fiber.toString(), what, 'lock it first')
  }

  get #scheduler(): Scheduler {
    return this.#cancellation.scheduler
  }

  #park(): Parked {
    return this.#scheduler.waitIn(this.#queue)
  }

  *#take(isCancelable: boolean): Routine {
    const fiber = this.#fiber('lock')
    if (this.#owner === fiber) {
      const hint = 'unlock it first: it would wait for itself'
      throw new FiberError('owner', `lock of ${this.name}`, fiber.toString(), 'it holds it already', hint)
    }
    // An early wake of the fiber, by hand, is none of this: it queues again, unless nobody holds it meanwhile.
    while (this.#owner !== undefined) {
      const wakeup = isCancelable ? yield* this.#parkCancelably() : yield this.#park()
      if (wakeup === Wakeup.READY) return
    }
    this.#owner = fiber
  }

  #parkCancelably(): Routine<Wakeup> {
    return this.#cancellation.wait(`lock of ${this.name}`, () => this.#park())
  }

  #fiber(operation: string): Fiber {
    const { current } = this.#scheduler
    if (current !== undefined) return current
    const hint = 'only a fiber can hold it: spawn one'
    throw new FiberError(
      'outside-fiber',
      `${operation} of ${this.name}`,
      'no fiber',
      'no fiber runs here',
      hint,
    )
  }
}
