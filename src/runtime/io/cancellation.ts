/**
 * Cancellation: a request that a fiber finds where it waits. It stays: from then on every call that would wait throws
 * `CanceledError`, but for those that are uncancelable, so that a loop which swallows one is canceled by the next.
 */
import { CanceledError } from '../../errors.ts'
import { Wakeup } from '../fiber.ts'
import type { Fiber, Parked, Routine } from '../fiber.ts'
import type { Scheduler } from '../scheduler.ts'

/** What is known of the cancellation of one piece of work. */
export class Scope {
  /** Set from its start to its end. */
  fiber: Fiber | null = null
  isRequested = false
  /** Whether its fiber waits for something that a request ends. */
  isWaiting = false
}

/** The scopes of all fibers that can be canceled: those of futures. Any other fiber is never canceled. */
export class Cancellation {
  readonly scheduler: Scheduler
  readonly #scopes = new Map<Fiber, Scope>()

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler
  }

  /** The fiber that runs is that of a scope from now on, until `leave`. */
  enter(scope: Scope): void {
    const { current } = this.scheduler
    if (current === undefined) return
    scope.fiber = current
    this.#scopes.set(current, scope)
  }

  leave(scope: Scope): void {
    if (scope.fiber !== null) this.#scopes.delete(scope.fiber)
    scope.fiber = null
  }

  /** Whether the cancellation of the fiber that runs was requested. False outside of fibers. */
  get isRequested(): boolean {
    return this.#current?.isRequested ?? false
  }

  /** Requests it. A fiber that waits is woken, and what it waits for is waited for no more. */
  request(scope: Scope): void {
    scope.isRequested = true
    if (scope.isWaiting && scope.fiber !== null) this.scheduler.wake(scope.fiber)
  }

  /** Throws `CanceledError` where the cancellation of the fiber that runs was requested. */
  check(operation: string): void {
    if (this.isRequested) throw this.#error(operation)
  }

  /**
   * A wait that a request ends: `park` is the call of the scheduler. Throws `CanceledError` where one has come before,
   * and where one comes meanwhile. What has happened first counts: who was served and then canceled was served.
   */
  *wait(operation: string, park: () => Parked): Routine<Wakeup> {
    const scope = this.#current
    if (scope === undefined) return yield park()
    if (scope.isRequested) throw this.#error(operation)
    const parked = park()
    scope.isWaiting = true
    try {
      const wakeup = yield parked
      if (scope.isRequested && wakeup === Wakeup.WOKEN) throw this.#error(operation)
      return wakeup
    } finally {
      scope.isWaiting = false
    }
  }

  get #current(): Scope | undefined {
    const { current } = this.scheduler
    return current === undefined ? undefined : this.#scopes.get(current)
  }

  #error(operation: string): CanceledError {
    return new CanceledError(operation, this.where)
  }

  /** Who runs, for errors. */
  get where(): string {
    return this.scheduler.current?.toString() ?? 'no fiber'
  }
}
