/**
 * System calls on sockets that do not block: a fiber whose call says EAGAIN is parked until the descriptor is ready, and
 * calls again. Before each call it is looked whether the fiber was canceled.
 */
import { constants as osConstants } from 'node:os'
import { SocketError, SystemError } from '../../errors.ts'
import type { SocketCall } from '../../errors.ts'
import type { Libc } from '../../libc/libc.ts'
import { assertDuration } from '../clock.ts'
import type { Direction } from '../descriptors.ts'
import { Wakeup } from '../fiber.ts'
import type { Parked, Routine } from '../fiber.ts'
import type { Cancellation } from './cancellation.ts'
import { socketError } from './errors.ts'
import { Pauses } from './pauses.ts'
import { CallMemory } from './vectors.ts'

const { EAGAIN, EINTR, EPIPE } = osConstants.errno

/** After so many calls that may wait, and did not have to, others have their turn: a fast peer keeps nobody from running. */
const CALLS_BETWEEN_TURNS = 128

/** A descriptor that may be closed by another fiber meanwhile. */
export interface Target {
  /** -1 once it is closed. */
  readonly fd: number
  /** What errors call it. */
  readonly label: string
}

/** When a call gives up, by the clock of the scheduler; undefined: never. */
export type DeadlineMs = number | undefined

/** How a call waits. */
export interface Waiting {
  readonly deadlineMs?: DeadlineMs
  /** It is known that it would have to, so the kernel is not asked before. Default: false. */
  readonly waitsFirst?: boolean
}

const AT_ONCE: Waiting = {}

export class Calls {
  readonly libc: Libc
  readonly cancellation: Cancellation
  readonly memory = new CallMemory()
  /** The sockets that are not closed. */
  readonly open = new Set<{ close(): void }>()
  #sinceTurn = 0

  constructor(libc: Libc, cancellation: Cancellation) {
    this.libc = libc
    this.cancellation = cancellation
  }

  /** RangeError for what is no duration. */
  deadline(timeoutMs: number | undefined): DeadlineMs {
    assertDuration(timeoutMs)
    return timeoutMs === undefined ? undefined : this.cancellation.scheduler.now() + timeoutMs
  }

  /** A call that never waits. Throws `CanceledError`, and `SocketError` where it returns -1. */
  atOnce(operation: string, label: string, call: () => number): number {
    return this.anyway(operation, label, () => {
      this.cancellation.check(operation)
      return call()
    })
  }

  /** The same, for who is canceled too. */
  anyway(operation: string, label: string, call: () => number): number {
    for (;;) {
      const result = call()
      if (result !== -1) return result
      const errno = this.libc.errno()
      if (errno !== EINTR) throw this.error(errno, operation, label)
    }
  }

  /**
   * A call that may have to wait: for a direction of its descriptor, or for what no descriptor tells. Throws
   * `CanceledError`, and `SocketError` where it returns -1 or the time is over.
   */
  *whenReady(
    operation: string,
    target: Target,
    direction: Direction | 'untold',
    call: () => number,
    { deadlineMs, waitsFirst = false }: Waiting = AT_ONCE,
  ): Routine<number> {
    // Before the call: what it leaves in `memory` is its caller's only until another fiber runs.
    if (waitsFirst && direction !== 'untold') {
      this.assertOpen(operation, target)
      yield* this.block(operation, target, direction, deadlineMs)
    } else if (this.endsTurn()) {
      yield this.giveWay()
    }
    let pauses: Pauses | undefined
    for (;;) {
      this.assertOpen(operation, target)
      this.cancellation.check(operation)
      const result = call()
      if (result !== -1) return result
      const errno = this.libc.errno()
      if (errno === EINTR) continue
      if (errno === EAGAIN || errno === EPIPE) this.assertNotFailed(operation, target)
      if (errno !== EAGAIN) throw this.error(errno, operation, target.label)
      if (direction !== 'untold') yield* this.block(operation, target, direction, deadlineMs)
      else yield* (pauses ??= new Pauses(this, operation, target, deadlineMs)).next()
    }
  }

  /** Waits for a descriptor. It may end without that it is ready: then a call says so. */
  *block(operation: string, target: Target, direction: Direction, deadlineMs: DeadlineMs): Routine {
    const { scheduler } = this.cancellation
    const { fd } = target
    const leftMs = deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - scheduler.now())
    const park = (): Parked =>
      this.#orTyped(operation, target, () => scheduler.blockOnFd(fd, direction, leftMs))
    const wakeup = yield* this.cancellation.wait(operation, park)
    if (wakeup === Wakeup.TIME) throw this.timeout(operation, target.label)
  }

  /** To be asked before each call that may wait. Where it is so, the fiber gives way. */
  endsTurn(): boolean {
    return ++this.#sinceTurn >= CALLS_BETWEEN_TURNS
  }

  giveWay(): Parked {
    this.#sinceTurn = 0
    return this.cancellation.scheduler.yieldNow()
  }

  /** What the backend says where it has no descriptor, or no memory, left is an error of the call that would wait. */
  #orTyped<T>(operation: string, target: Target, action: () => T): T {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      throw this.error(error.errno, operation, target.label)
    }
  }

  /** Whether an errno only means that there is nothing to be had now. */
  isPassing(errno: number): boolean {
    return errno === EAGAIN || errno === EINTR
  }

  /** Throws the error of a socket that its own calls cannot tell any more: see `Scheduler.takeError`. */
  assertNotFailed(operation: string, target: Target): void {
    const errno = this.cancellation.scheduler.takeError(target.fd)
    if (errno !== 0) throw this.error(errno, operation, target.label)
  }

  assertOpen(operation: string, target: Target): void {
    if (target.fd < 0) throw new SocketError('closed', this.#call(operation, target.label))
  }

  error(errno: number, operation: string, label: string): SocketError {
    return socketError(errno, this.#call(operation, label))
  }

  timeout(operation: string, label: string): SocketError {
    return new SocketError('timeout', this.#call(operation, label))
  }

  #call(operation: string, target: string): SocketCall {
    return { operation, target, where: this.cancellation.where }
  }
}
