/** Futures: work that was begun, whose result is awaited, and which can be canceled. */
import { CanceledError, ConcurrencyUnavailableError } from '../../errors.ts'
import { isRoutine } from '../fiber.ts'
import type { Routine, Work } from '../fiber.ts'
import type { Task } from '../task.ts'
import type { WaitQueue } from '../wait-queue.ts'
import { Scope } from './cancellation.ts'
import type { Cancellation } from './cancellation.ts'
import { StartQueue } from './start-queue.ts'

/** Work that `Io.async` or `Io.concurrent` has begun. `Io.await` gives its result, `Io.cancel` ends it. */
export class Future<T> {
  /** For `Futures` alone, as all that follows. */
  readonly scope = new Scope()
  readonly work: Work<T>
  readonly givenName: string | undefined
  /** Served when it has ended. Made when somebody selects it. */
  watchers: Set<WaitQueue> | undefined
  /** Undefined until it has started. */
  task: Task<T> | undefined
  /** What has ended it, where that was its cancellation. */
  canceled: CanceledError | undefined
  onEnd: (() => void) | undefined

  constructor(work: Work<T>, name: string | undefined) {
    this.work = work
    this.givenName = name
  }

  /**
   * `waiting` for its start, because as much runs as may; `running`; or it has ended: `done` with a result, `failed` with
   * an error, `canceled` where its cancellation was requested and it let the `CanceledError` through.
   */
  get state(): 'waiting' | 'running' | 'done' | 'failed' | 'canceled' {
    if (this.task === undefined) return 'waiting'
    if (this.canceled !== undefined) return 'canceled'
    const { state } = this.task
    return state === 'pending' ? 'running' : state
  }

  get name(): string {
    return this.task?.name ?? this.givenName ?? 'work that has not started'
  }

  get hasEnded(): boolean {
    return this.task !== undefined && this.task.state !== 'pending'
  }
}

/** All futures of an `Io`: how many run, and which wait for their start. */
export class Futures {
  readonly cancellation: Cancellation
  readonly #limit: number
  readonly #waiting = new StartQueue<Future<unknown>>()
  #running = 0

  constructor(cancellation: Cancellation, limit: number) {
    this.cancellation = cancellation
    this.#limit = limit
  }

  /** Begins work now, or where as much runs as may, when something has ended, or somebody waits for it. */
  async<T>(work: Work<T>, name: string | undefined, onEnd?: () => void): Future<T> {
    const future = new Future(work, name)
    future.onEnd = onEnd
    if (this.#running < this.#limit) this.start(future)
    else this.#waiting.push(future)
    return future
  }

  /** Begins work now. Throws `ConcurrencyUnavailableError` where as much runs as may. */
  concurrent<T>(work: Work<T>, name: string | undefined, onEnd?: () => void): Future<T> {
    if (this.#running >= this.#limit) {
      throw new ConcurrencyUnavailableError(this.cancellation.where, this.#limit)
    }
    return this.async(work, name, onEnd)
  }

  /** Starts what waits for its start: who waits for it does nothing meanwhile, and lends it its place. */
  start<T>(future: Future<T>): Task<T> {
    if (future.task !== undefined) return future.task
    const task = this.cancellation.scheduler.go(() => this.#perform(future), future.givenName)
    future.task = task
    this.#running++
    return task
  }

  request(future: Future<unknown>): void {
    this.cancellation.request(future.scope)
  }

  *#perform<T>(future: Future<T>): Routine<T> {
    const { cancellation } = this
    cancellation.enter(future.scope)
    try {
      const made = future.work()
      return isRoutine(made) ? yield* made : made
    } catch (error) {
      if (!(error instanceof CanceledError && future.scope.isRequested)) throw error
      future.canceled = error
      // Nobody gets it: `canceled` comes first.
      return undefined as T
    } finally {
      cancellation.leave(future.scope)
      this.#ended(future)
      // Where all are ended, because the scheduler is closed, there is room for nobody.
      if (!cancellation.scheduler.isClosed) this.#startNext()
    }
  }

  /** Those who are told run after this fiber has ended: they see how. */
  #ended(future: Future<unknown>): void {
    this.#running--
    for (const queue of future.watchers ?? []) this.cancellation.scheduler.serveAll(queue)
    future.onEnd?.()
  }

  #startNext(): void {
    if (this.#running >= this.#limit) return
    const next = this.#waiting.first
    if (next !== undefined) this.start(next)
  }
}

/** The result of what has ended; throws its error, and the `CanceledError` of what was canceled. */
export function resultOf<T>(future: Future<T>): T {
  if (future.canceled !== undefined) throw future.canceled
  if (future.task === undefined) throw new TypeError(`${future.name} has no result yet: await it`)
  return future.task.result()
}
