/**
 * A scheduler of fibers: many of them in one thread, each a generator that runs until it waits. See `Scheduler`.
 */
import type { WakeHandle } from '../backends/backend.ts'
import { DeadlockError, FiberError, SystemError } from '../errors.ts'
import type { FiberProblem, StuckFiber } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import type { ReactorOptions } from '../loop/reactor.ts'
import { assertDuration, RealClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { Direction } from './descriptors.ts'
import { PARKED, State, Wakeup } from './fiber.ts'
import type { Fiber, FiberBody, Parked, Work } from './fiber.ts'
import { Fibers } from './fibers.ts'
import { bareYield, cannotWait, endedInWait, waitsInEnd } from './misuse.ts'
import { ReadyQueue } from './ready-queue.ts'
import { Sources } from './sources.ts'
import { Task } from './task.ts'
import type { WaitQueue } from './wait-queue.ts'

export interface SchedulerOptions extends ReactorOptions {
  /** Default: the real clock. */
  readonly clock?: Clock
  /**
   * Called in `run`, outside of fibers, when `wakeRemote(scheduler.wakeHandle())` was called, in any thread: what
   * came from there may be taken, fibers spawned, `stop` called. With it, `run` does not end
   * by itself, and there is no deadlock: who is idle waits for a wake.
   */
  readonly onWake?: () => void
  /**
   * Called in `run`, outside of fibers, before each wait for time and descriptors, and before each look at them while
   * fibers are ready. It may spawn or wake some: then nothing is waited for.
   */
  readonly beforeWait?: () => void
  /** Called when that is over, before any fiber runs; `isIdle`: none is ready, because nothing has come for any. */
  readonly afterWait?: (isIdle: boolean) => void
}

/** After so many switches without a pause, timers and descriptors have their turn. */
const SWITCHES_BETWEEN_LOOKS = 256

/**
 * Runs fibers. Only the fiber that runs may call what waits (`yieldNow`, `suspend`, `sleep`, `blockOnFd`, `waitIn`),
 * and it yields at once what that returns; `yield` then gives the reason why it goes on, a `Wakeup`:
 *
 *     const scheduler = new Scheduler(libc)
 *     scheduler.spawn(function* () {
 *       const wakeup = yield scheduler.blockOnFd(fd, 'read', 100)
 *       if (wakeup === Wakeup.READY) …
 *     })
 *     scheduler.run()
 *
 * - Fibers that are ready run in the order in which they became so. None is interrupted.
 * - Timers and descriptors are waited for together when nobody is ready, until the nearest deadline; and looked at now
 *   and then while somebody always is. With a virtual clock, descriptors are looked at first, and then time passes.
 * - An error that a fiber does not catch leaves `run` as it is. The other fibers are as they were, and `run` may be
 *   called again.
 * - What cannot work is a `FiberError`, a wait that cannot end a `DeadlockError`.
 *
 * Spawning, switching and waking are constant time, timers logarithmic, however many fibers wait.
 */
export class Scheduler implements Disposable {
  readonly clock: Clock
  readonly #hearsWakes: boolean
  readonly #fibers = new Fibers()
  readonly #ready = new ReadyQueue()
  readonly #sources: Sources
  /** Tasks whose error nobody was told, oldest first. */
  readonly #unheard = new Set<Task<unknown>>()
  #current: Fiber | null = null
  #suspended = 0
  #isRunning = false
  #isStopped = false
  #isClosed = false

  constructor(libc: Libc, { clock, onWake, beforeWait, afterWait, ...options }: SchedulerOptions = {}) {
    this.clock = clock ?? new RealClock(libc)
    this.#hearsWakes = onWake !== undefined
    const resume = (fiber: Fiber, wakeup: Wakeup): void => this.#resumeLater(fiber, wakeup)
    // Who was stopped by what came from another thread waits for nothing any more: time stays where it is.
    const events = {
      resume,
      isIdle: () => this.#ready.isEmpty && !this.#isStopped,
      onWake,
      beforeWait,
      afterWait,
    }
    this.#sources = new Sources(libc, this.clock, events, options)
  }

  /** The fiber that runs; undefined outside of fibers. */
  get current(): Fiber | undefined {
    return this.#current ?? undefined
  }

  /** How many fibers are alive, how many of them are suspended, and how many registrations the kernel has. */
  get counts(): { readonly fibers: number; readonly suspended: number; readonly registrations: number } {
    const { registrations } = this.#sources
    return { fibers: this.#fibers.size, suspended: this.#suspended, registrations }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** What the clock says, in milliseconds. */
  now(): number {
    return this.clock.now()
  }

  /** Makes a fiber, which starts when its turn comes. The name is for errors. */
  spawn(body: FiberBody<unknown>, name?: string): Fiber
  spawn(body: () => unknown, name?: string): Fiber
  spawn(body: Work<unknown>, name?: string): Fiber {
    this.#assertOpen('spawn')
    const fiber = this.#fibers.create(this, body, name)
    this.#enqueue(fiber)
    return fiber
  }

  /**
   * Starts work in a fiber of its own, and returns what others wait for. An error that nobody waits for leaves `run` when
   * nothing is left to run: until then, somebody may still come. Where `run` is stopped, that is the next one.
   */
  go<T>(work: FiberBody<T>, name?: string): Task<T>
  go<T>(work: () => T, name?: string): Task<T>
  go<T>(work: Work<T>, name?: string): Task<T> {
    this.#assertOpen('go')
    const fiber = this.spawn(work, name)
    const task = new Task<T>(this, fiber)
    fiber.completion = task
    return task
  }

  /** Lets all others that are ready run first. */
  yieldNow(): Parked {
    this.#waiter('yieldNow').status = State.YIELDING
    return PARKED
  }

  /** Waits for a `wake`, at most `timeoutMs`. */
  suspend(timeoutMs?: number): Parked {
    return this.#park(this.#waiter('suspend'), timeoutMs)
  }

  /** Waits until the clock says so. 0 waits too: until all that is due before it has run. RangeError below 0. */
  sleep(ms: number): Parked {
    return this.#park(this.#waiter('sleep'), ms)
  }

  /**
   * Waits until a descriptor is ready to be read from or written to, at most `timeoutMs`. That an end or an error came
   * is readiness too. Several fibers may wait for one descriptor: the first one is woken, and the next one if it is
   * still ready when that has run. Throws `SystemError` for what cannot be watched (EBADF; EPERM for a file on epoll).
   */
  blockOnFd(fd: number, direction: Direction, timeoutMs?: number): Parked {
    const fiber = this.#waiter('blockOnFd')
    assertDuration(timeoutMs)
    this.#sources.queueOf(fd, direction).join(fiber)
    return this.#park(fiber, timeoutMs)
  }

  /** Waits in a queue until `serveFirst` or `serveAll`, at most `timeoutMs`. */
  waitIn(queue: WaitQueue, timeoutMs?: number): Parked {
    const fiber = this.#waiter('waitIn')
    assertDuration(timeoutMs)
    queue.join(fiber)
    return this.#park(fiber, timeoutMs)
  }

  /** Wakes the fiber that waits longest in a queue, and returns it; undefined where none waits. */
  serveFirst(queue: WaitQueue): Fiber | undefined {
    const { first } = queue
    if (first === null) return undefined
    this.#assertOwn('serveFirst', first)
    this.#resumeLater(first, Wakeup.READY)
    return first
  }

  /** Wakes all that wait in a queue, in the order in which they came. */
  serveAll(queue: WaitQueue): void {
    while (this.serveFirst(queue) !== undefined);
  }

  /**
   * Makes a suspended fiber ready, whatever it waits for; that is then waited for no more, in the kernel neither. Of
   * any other fiber, a wake is a no-op, and false.
   */
  wake(fiber: Fiber): boolean {
    this.#assertOwn('wake', fiber)
    if (fiber.status !== State.SUSPENDED) return false
    this.#resumeLater(fiber, Wakeup.WOKEN)
    return true
  }

  /**
   * To be called before a descriptor is closed that fibers may have waited for: nothing of it stays registered. Those
   * that wait for it are woken as by `wake`.
   */
  forgetFd(fd: number): void {
    this.#sources.forget(fd)
  }

  /**
   * The errno of a socket that was waited for, where the backend has taken it: libkqueue does, after which SO_ERROR and
   * the calls on the socket know nothing of it. It is told once; 0 for none.
   */
  takeError(fd: number): number {
    return this.#sources.takeError(fd)
  }

  /** What another thread needs for `wakeRemote`. Needs `onWake`, without which nobody would hear it. */
  wakeHandle(): WakeHandle {
    this.#assertOpen('wakeHandle')
    if (!this.#hearsWakes) {
      throw this.#error('no-channel', 'wakeHandle', 'nobody hears wakes', 'make the scheduler with onWake')
    }
    return this.#sources.wakeHandle()
  }

  /** Runs fibers until none is left, or until `stop`. Throws what a fiber has thrown, or `DeadlockError`. */
  run(): void {
    this.#assertOpen('run')
    if (this.#isRunning) {
      throw this.#error('reentrant', 'run', 'it runs already', 'spawn a fiber, and wait for its task')
    }
    this.#isRunning = true
    this.#isStopped = false
    try {
      do this.#drain()
      while (!this.#isStopped && this.#advance())
    } finally {
      this.#isRunning = false
      // What has fired, and is wanted no more, would stay registered.
      this.#sources.settle()
    }
    if (!this.#isStopped) this.#assertFinished()
  }

  /** Makes `run` return before another fiber runs. All stay as they are. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Ends all fibers, where they are: their `finally` blocks run, and must not wait. Tasks that have not ended are
   * canceled. Nothing stays registered or open. Throws the first error that such a block has thrown, when all is
   * done. Closing twice is closing once; a fiber cannot close the scheduler that it runs in.
   */
  close(): void {
    if (this.#isClosed) return
    if (this.#isRunning) {
      throw this.#error('reentrant', 'close', 'its scheduler runs it', 'stop, and close after run')
    }
    this.#isClosed = true
    const errors: unknown[] = []
    for (let fiber = this.#fibers.oldest; fiber !== null; fiber = this.#fibers.oldest) {
      const error = this.#abort(fiber)
      if (error !== undefined) errors.push(error)
    }
    this.#ready.clear()
    this.#unheard.clear()
    this.#sources.close()
    if (errors.length > 0) throw errors[0]
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** For tasks. */
  failedUnheard(task: Task<unknown>): void {
    this.#unheard.add(task)
  }

  /** For tasks. */
  heard(task: Task<unknown>): void {
    this.#unheard.delete(task)
  }

  /** Runs who is ready, until nobody is. */
  #drain(): void {
    let left = SWITCHES_BETWEEN_LOOKS
    while (!this.#isStopped) {
      const fiber = this.#ready.shift()
      if (fiber === null) return
      // One that has ended in the meantime is not ready any more.
      if (fiber.status === State.READY) this.#resume(fiber)
      if (--left > 0) continue
      left = SWITCHES_BETWEEN_LOOKS
      this.#sources.look()
    }
  }

  /** Runs a fiber until it waits, gives way or ends. */
  #resume(fiber: Fiber): void {
    this.#current = fiber
    fiber.status = State.RUNNING
    let step: IteratorResult<Parked, unknown>
    try {
      step = fiber.proceed()
    } catch (error) {
      this.#current = null
      this.#finish(fiber)
      if (fiber.completion === null) throw error
      fiber.completion.fail(error)
      return
    }
    this.#current = null
    if (step.done === true) {
      const isClean = fiber.status === State.RUNNING
      const { waitsFor } = fiber
      this.#finish(fiber)
      if (!isClean) {
        fiber.completion?.cancel()
        throw endedInWait(fiber, waitsFor)
      }
      fiber.completion?.settle(step.value)
    } else if (fiber.status === State.YIELDING) {
      fiber.wakeup = Wakeup.YIELDED
      this.#enqueue(fiber)
    } else if (fiber.status === State.RUNNING) {
      this.#abort(fiber)
      throw bareYield(fiber)
    }
  }

  /** A fiber is no more. What it was parked in without ever yielding, it leaves. */
  #finish(fiber: Fiber): void {
    if (fiber.status === State.SUSPENDED) this.#leave(fiber, Wakeup.WOKEN)
    fiber.status = State.DONE
    this.#fibers.delete(fiber)
  }

  /** Ends a fiber where it is. It runs its `finally` blocks, which give back what it has. Returns what went wrong. */
  #abort(fiber: Fiber): unknown {
    this.#finish(fiber)
    this.#current = fiber
    try {
      const step = fiber.routine?.return(undefined)
      return step?.done === false ? waitsInEnd(fiber) : undefined
    } catch (error) {
      return error
    } finally {
      this.#current = null
      fiber.completion?.cancel()
    }
  }

  #enqueue(fiber: Fiber): void {
    fiber.status = State.READY
    this.#ready.push(fiber)
  }

  #park(fiber: Fiber, timeoutMs: number | undefined): Parked {
    if (timeoutMs !== undefined) {
      assertDuration(timeoutMs)
      this.#sources.wakeIn(fiber, timeoutMs)
    }
    fiber.status = State.SUSPENDED
    this.#suspended++
    return PARKED
  }

  #resumeLater(fiber: Fiber, wakeup: Wakeup): void {
    this.#leave(fiber, wakeup)
    this.#enqueue(fiber)
  }

  /** Takes a fiber out of all that it waits in. */
  #leave(fiber: Fiber, wakeup: Wakeup): void {
    this.#sources.cancelTimer(fiber)
    const { queue } = fiber
    if (queue !== null) {
      queue.leave(fiber)
      if (wakeup !== Wakeup.READY) queue.abandoned()
    }
    this.#suspended--
    fiber.wakeup = wakeup
  }

  /** Nobody is ready: waits for time and descriptors, where somebody waits for them. */
  #advance(): boolean {
    try {
      return this.#sources.advance()
    } catch (error) {
      // A world of one thread knows that nobody is left who could make a descriptor ready.
      if (error instanceof SystemError && error.code === 'EDEADLK') throw new DeadlockError(this.#stuck())
      throw error
    }
  }

  #stuck(): StuckFiber[] {
    return this.#fibers
      .all()
      .filter(({ status }) => status === State.SUSPENDED)
      .map(({ id, name, waitsFor }) => ({ id, name, waitsFor }))
  }

  /** Nothing is left that could go on. Then nobody may be left who waits, and no error that nobody was told. */
  #assertFinished(): void {
    for (const task of this.#unheard) task.result()
    if (this.#suspended > 0) throw new DeadlockError(this.#stuck())
  }

  /** The fiber that is about to wait, by a call. */
  #waiter(operation: string): Fiber {
    const fiber = this.#current
    if (fiber !== null && fiber.status === State.RUNNING) return fiber
    this.#assertOpen(operation)
    throw cannotWait(fiber, operation)
  }

  #assertOpen(operation: string): void {
    if (!this.#isClosed) return
    throw this.#error('closed', operation, 'the scheduler was closed', 'make another one')
  }

  #assertOwn(operation: string, fiber: Fiber): void {
    if (fiber.home === this) return
    throw this.#error('foreign', operation, `${fiber.toString()} is of another scheduler`, 'ask that one')
  }

  #error(problem: FiberProblem, operation: string, what: string, hint: string): FiberError {
    return new FiberError(problem, operation, this.#current?.toString() ?? 'no fiber', what, hint)
  }
}
