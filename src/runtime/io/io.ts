/** Concurrency, cancellation, locks, time and sockets of fibers, in one place. See `Io`. */
import type { Libc } from '../../libc/libc.ts'
import { Wakeup } from '../fiber.ts'
import type { FiberBody, Routine, Work } from '../fiber.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Address } from './addresses.ts'
import { Calls } from './calls.ts'
import { Cancellation } from './cancellation.ts'
import { Condition } from './condition.ts'
import { Futures, resultOf } from './future.ts'
import type { Future } from './future.ts'
import { Group } from './group.ts'
import type { MessageSocket } from './messages.ts'
import { Mutex } from './mutex.ts'
import { selectFirst } from './select.ts'
import { openBound, openConnection, openServer } from './server.ts'
import type { ConnectOptions, ListenOptions, Server } from './server.ts'
import type { BindOptions } from './socket.ts'
import type { Stream } from './stream.ts'

export interface IoOptions {
  /** How much work may run at the same time, at least 1. Default: any number of pieces. */
  readonly maxConcurrent?: number
}

/**
 * What programs of fibers are written in. All that may wait is called with `yield*`, in a fiber:
 *
 *     const io = new Io(libc, scheduler)
 *     io.async(function* () {
 *       const slow = io.async(function* () { yield* io.sleep(1000); return 1 })
 *       yield* io.sleep(10)
 *       yield* io.cancel(slow)
 *     })
 *     scheduler.run()
 *
 * Work of `async`, `concurrent` and groups can be canceled: from the request on, each call of its that would wait throws
 * `CanceledError`, and one that waits already does so at once, with nothing left in the kernel. Uncancelable are
 * `cancel`, `Group.cancel` and what says so in its name.
 */
export class Io implements Disposable {
  readonly scheduler: Scheduler
  readonly #cancellation: Cancellation
  readonly #futures: Futures
  readonly #calls: Calls

  constructor(libc: Libc, scheduler: Scheduler, { maxConcurrent = Infinity }: IoOptions = {}) {
    if (!(maxConcurrent >= 1)) throw new RangeError(`maxConcurrent is at least 1, not ${maxConcurrent}`)
    this.scheduler = scheduler
    this.#cancellation = new Cancellation(scheduler)
    this.#futures = new Futures(this.#cancellation, maxConcurrent)
    this.#calls = new Calls(libc, this.#cancellation)
  }

  /**
   * Begins work, in or outside of fibers. It runs when its turn comes; where `maxConcurrent` run already, when one of
   * them has ended, and at the latest when somebody waits for it. An error that nobody is told leaves `Scheduler.run`
   * when nothing is left to run; of what runs for ever, somebody awaits the futures, or it is a group's.
   */
  async<T>(work: FiberBody<T>, name?: string): Future<T>
  async<T>(work: () => T, name?: string): Future<T>
  async<T>(work: Work<T>, name?: string): Future<T> {
    return this.#futures.async(work, name)
  }

  /** The same for work that must not wait for its caller to wait. Throws `ConcurrencyUnavailableError`. */
  concurrent<T>(work: FiberBody<T>, name?: string): Future<T>
  concurrent<T>(work: () => T, name?: string): Future<T>
  concurrent<T>(work: Work<T>, name?: string): Future<T> {
    return this.#futures.concurrent(work, name)
  }

  /**
   * Waits until work has ended, and returns its result or throws its error, as often as it is asked. Throws
   * `CanceledError` where the work was canceled, and where who waits is; the work then goes on, until somebody cancels it.
   */
  *await<T>(future: Future<T>): Routine<T> {
    const task = this.#futures.start(future)
    while (!future.hasEnded) yield* this.#cancellation.wait(`await of ${future.name}`, () => task.ended())
    return resultOf(future)
  }

  /**
   * Requests that work ends, and waits until it has, which no cancellation cuts short. Work that has not started yet
   * is done up to where it would wait. Returns its result where it has one all the same, undefined where it was
   * canceled, and throws any other error of it. Of what has ended, this is `await`.
   */
  *cancel<T>(future: Future<T>): Routine<T | undefined> {
    this.#futures.request(future)
    const task = this.#futures.start(future)
    while (!future.hasEnded) yield task.ended()
    return future.canceled === undefined ? resultOf(future) : undefined
  }

  /** The request alone, which waits for nothing, and may be made outside of fibers. Twice is once. */
  requestCancel(future: Future<unknown>): void {
    this.#futures.request(future)
  }

  /** Whether the cancellation of the work that runs was requested: for who computes, and seldom waits. */
  get cancelRequested(): boolean {
    return this.#cancellation.isRequested
  }

  /** Throws `CanceledError` where it was. */
  checkCancel(): void {
    this.#cancellation.check('checkCancel')
  }

  /**
   * Waits until one of the futures has ended, however it has, and returns its index; the lowest where several have. None
   * is canceled: `await` then gives the result of that one at once. Throws `CanceledError`, and `RangeError` for none.
   */
  select(futures: readonly Future<unknown>[]): Routine<number> {
    return selectFirst(this.#futures, futures)
  }

  /** A group without members. The name is for errors. */
  group(name?: string): Group {
    return new Group(this.#futures, name)
  }

  /** A mutex that nobody holds. The name is for errors. */
  mutex(name?: string): Mutex {
    return new Mutex(this.#cancellation, name)
  }

  /** A condition that nobody waits in. The name is for errors. */
  condition(name?: string): Condition {
    return new Condition(this.#cancellation, name)
  }

  /** What the clock of the scheduler says, in milliseconds. */
  now(): number {
    return this.scheduler.now()
  }

  /** Waits until the clock says so, whoever wakes the fiber by hand. RangeError below 0. Throws `CanceledError`. */
  *sleep(ms: number): Routine {
    const { scheduler } = this
    const endMs = scheduler.now() + ms
    let leftMs = ms
    while ((yield* this.#cancellation.wait('sleep', () => scheduler.sleep(leftMs))) !== Wakeup.TIME) {
      leftMs = Math.max(0, endMs - scheduler.now())
    }
  }

  /**
   * A socket that is listened on; port 0 lets the kernel choose, and `address` says what. It waits for nothing, and may
   * be called outside of fibers. Throws `SocketError` (`address-in-use` and others), and `CanceledError`; RangeError for
   * what is no address.
   */
  listen(address: Address, options: ListenOptions = {}): Server {
    return openServer(this.#calls, address, options)
  }

  /** A datagram socket that is bound, to send and receive messages; otherwise as `listen`. */
  bind(address: Address, options: BindOptions = {}): MessageSocket {
    return openBound(this.#calls, address, options)
  }

  /**
   * Waits until it is connected. Throws `SocketError` (`connection-refused`, `timeout` and others) and `CanceledError`,
   * and leaves nothing open. Of a datagram socket, this fixes where messages go, and whose are received.
   */
  connect(address: Address, options: ConnectOptions = {}): Routine<Stream> {
    return openConnection(this.#calls, address, options)
  }

  /** Closes all sockets that are still open. The scheduler stays, which may be closed before or after. */
  close(): void {
    for (const socket of this.#calls.open) socket.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
