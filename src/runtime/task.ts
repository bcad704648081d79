import { TaskCanceledError } from '../errors.ts'
import type { Completion, Fiber, Parked, Routine } from './fiber.ts'
import { WaitQueue } from './wait-queue.ts'

/** What a task needs of its scheduler. */
export interface TaskHome {
  waitIn(queue: WaitQueue): Parked
  serveAll(queue: WaitQueue): void
  /** A task has failed, and nobody has been told yet; or somebody has. */
  failedUnheard(task: Task<unknown>): void
  heard(task: Task<unknown>): void
}

/**
 * Work in a fiber of its own, whose result others wait for: `const task = scheduler.go(work)`, and in a fiber
 * `const result = yield* task.wait()`. Any number of fibers may wait, before it has ended and after.
 */
export class Task<T> implements Completion {
  readonly fiber: Fiber
  readonly #home: TaskHome
  /** Made when somebody waits. */
  #waiters: WaitQueue | undefined
  #state: 'pending' | 'done' | 'failed' | 'canceled' = 'pending'
  #value: unknown

  /** For the scheduler: `Scheduler.go`. */
  constructor(home: TaskHome, fiber: Fiber) {
    this.#home = home
    this.fiber = fiber
  }

  /** `done` has a result, `failed` an error. Of one that is `canceled` neither is ever delivered. */
  get state(): 'pending' | 'done' | 'failed' | 'canceled' {
    return this.#state
  }

  get name(): string {
    return `task ${this.fiber.name}`
  }

  /**
   * Waits until the task has ended, and returns its result or throws its error; `TaskCanceledError` where it was
   * canceled. An early `wake` of the fiber that waits does not end this: see `ended`.
   */
  *wait(): Routine<T> {
    while (this.#state === 'pending') yield this.ended()
    return this.result()
  }

  /**
   * Parks the running fiber until the task has ended (`Wakeup.READY`) or somebody wakes it (`Wakeup.WOKEN`). For who
   * waits for more than the task; `wait` is for everybody else. Where it has ended, the fiber gives way once.
   */
  ended(): Parked {
    return this.#home.waitIn((this.#waiters ??= new WaitQueue(this.name)))
  }

  /** The result, without waiting for it. Throws its error, `TaskCanceledError`, or `TypeError` where it is pending. */
  result(): T {
    if (this.#state === 'pending') throw new TypeError(`${this.name} has no result yet: wait for it`)
    if (this.#state === 'canceled') throw new TaskCanceledError(this.name)
    if (this.#state === 'done') return this.#value as T
    this.#home.heard(this)
    throw this.#value
  }

  /**
   * Nobody gets the result any more: who waits, and who will, gets `TaskCanceledError` at once. Work that has not
   * started is not done at all. Work that has goes on to its end, and its result or error is dropped; so it is where
   * it has ended. Canceling twice is canceling once.
   */
  cancel(): void {
    if (this.#state === 'canceled') return
    if (this.#state === 'failed') this.#home.heard(this)
    this.#state = 'canceled'
    this.#value = undefined
    this.fiber.skip()
    this.#wakeWaiters()
  }

  /** For the scheduler: the work has ended. */
  settle(value: unknown): void {
    this.#end('done', value)
  }

  /** For the scheduler: the work has failed. */
  fail(error: unknown): void {
    const isHeard = this.#waiters?.isEmpty === false
    if (this.#state === 'pending' && !isHeard) this.#home.failedUnheard(this)
    this.#end('failed', error)
  }

  #end(state: 'done' | 'failed', value: unknown): void {
    if (this.#state !== 'pending') return
    this.#state = state
    this.#value = value
    this.#wakeWaiters()
  }

  #wakeWaiters(): void {
    if (this.#waiters !== undefined) this.#home.serveAll(this.#waiters)
  }
}
