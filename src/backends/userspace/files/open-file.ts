import { constants as osConstants } from 'node:os'
import { complete } from '../machine/steps.ts'
import type { Steps } from '../machine/steps.ts'
import type { Subscription } from '../machine/subscription.ts'
import { WaitQueue } from '../machine/wait-queue.ts'
import type { Watchable } from '../machine/watchable.ts'

const { EINVAL, ENOTTY } = osConstants.errno

/**
 * Bytes of a caller: `undefined` where its address is none, which is found out only when they are needed. What is
 * written to them may be less than there is room for.
 */
export type Bytes = Uint8Array | undefined

/**
 * An open file, which one or more descriptors stand for. Every call returns what the system call would: a number of
 * bytes, or the negative errno. None of them waits: where the kernel would, they return -EAGAIN.
 */
export abstract class OpenFile implements Watchable {
  readonly queues: readonly WaitQueue[]
  readonly watchers = new Set<Subscription>()
  /** O_NONBLOCK. */
  nonblocking: boolean
  /** Whether it can be watched: what is always ready cannot, and epoll says EPERM (`file_can_poll`). */
  readonly pollable: boolean = true
  /** How many descriptors stand for it. */
  references = 0

  constructor(nonblocking: boolean, queues: readonly WaitQueue[] = [new WaitQueue()]) {
    this.nonblocking = nonblocking
    this.queues = queues
  }

  /** What an instance watches when it watches this. */
  get watchable(): Watchable {
    return this
  }

  /** What fcntl(F_GETFL) says besides O_NONBLOCK. */
  abstract readonly accessMode: number
  abstract readiness(): number
  /** Reads up to `length` bytes. */
  abstract read(into: Bytes, length: number): number
  abstract write(from: Bytes, length: number): number
  /** The last descriptor was closed. */
  abstract release(): void

  /** Bytes that can be read, as ioctl(FIONREAD) says. */
  readable(): number {
    return -ENOTTY
  }

  /** Tells whom this concerns, at once. */
  protected tell(bits: number, ...queues: readonly WaitQueue[]): void {
    for (const queue of queues) complete(queue.notify(bits))
  }

  /** Tells everybody that anything may have changed: also those of whom one is enough for data (`wake_up_all`). */
  protected tellEverybody(...queues: readonly WaitQueue[]): void {
    for (const queue of queues) complete(queue.notify(0, true))
  }

  /** What `tell` does, cut at its steps, for who explores them. */
  protected telling(bits: number): Steps<void> {
    return this.queues[0]?.notify(bits) ?? nothing()
  }
}

function* nothing(): Steps<void> {}

/** What files say that cannot be read or written at all. */
export const INVALID = -EINVAL
