import { EPOLL } from '../../../libc/constants/linux.ts'
import type { EpollState } from './epoll-state.ts'
import type { Steps } from './steps.ts'
import type { Guard, Handler } from './wait-queue.ts'
import type { Watchable } from './watchable.ts'

/** The bits of a mask that ask for nothing, and say how to report. */
export const PRIVATE_BITS = EPOLL.ET | EPOLL.ONESHOT | EPOLL.WAKEUP | EPOLL.EXCLUSIVE | 0

/** Reported whether asked for or not. */
const ALWAYS = EPOLL.ERR | EPOLL.HUP

/** What a caller asked for and will get back. The data are 64 bits, in two words. */
export interface Request {
  readonly events: number
  readonly dataLow: number
  readonly dataHigh: number
}

/**
 * An entry of the ready queue. A registration has one and uses it again and again, because it is never in the queue
 * twice. The generation says which state of the registration it was queued for.
 */
export class ReadyItem {
  readonly fd: number
  readonly file: Watchable
  generation: number

  constructor(fd: number, file: Watchable, generation: number) {
    this.fd = fd
    this.file = file
    this.generation = generation
  }
}

/** One registration: a descriptor and the open file behind it, in one instance. */
export class Subscription implements Handler {
  readonly state: EpollState
  readonly fd: number
  readonly file: Watchable
  readonly item: ReadyItem
  readonly exclusive: boolean
  /** What was asked for, and how; a oneshot that has fired keeps only how. */
  mask: number
  dataLow: number
  dataHigh: number
  /** Goes up with every ADD and MOD of the instance, and never begins again. */
  generation: number
  /** Readiness that nobody was told of yet: the source of truth. */
  pending = 0
  /** Whether the item is in the queue, or on its way into it or out of it. */
  enqueued = false
  removed = false
  /** Another file that was registered under the same number, which has been closed there and lives on elsewhere. */
  sibling: Subscription | undefined
  #guards: readonly Guard[] = []

  constructor(state: EpollState, fd: number, file: Watchable, request: Request, generation: number) {
    this.state = state
    this.fd = fd
    this.file = file
    this.generation = generation
    this.item = new ReadyItem(fd, file, generation)
    this.exclusive = (request.events & EPOLL.EXCLUSIVE) !== 0
    this.mask = request.events | ALWAYS
    this.dataLow = request.dataLow
    this.dataHigh = request.dataHigh
  }

  get isEdge(): boolean {
    return (this.mask & EPOLL.ET) !== 0
  }

  get isOneshot(): boolean {
    return (this.mask & EPOLL.ONESHOT) !== 0
  }

  /** Whether it reports anything: not a oneshot that has fired. */
  get isArmed(): boolean {
    return (this.mask & ~PRIVATE_BITS) !== 0
  }

  /** What holds now of what is asked for. */
  get ready(): number {
    return this.file.readiness() & this.mask
  }

  /** Installs the handler at the file. */
  attach(): void {
    this.#guards = this.file.queues.map((queue) => queue.watch(this))
    this.file.watchers.add(this)
  }

  /** Unregisters the handler. A producer that has begun to tell it will still do so, and must not matter. */
  detach(): void {
    for (const guard of this.#guards) guard.release()
    this.file.watchers.delete(this)
    this.removed = true
  }

  /** Replaces what is asked for. An entry that is queued, or being delivered, is taken along. */
  replace(request: Request, generation: number): void {
    this.mask = request.events | ALWAYS
    this.dataLow = request.dataLow
    this.dataHigh = request.dataHigh
    this.generation = generation
    this.item.generation = generation
  }

  /** A oneshot that has fired reports nothing until it is modified. */
  disarm(): void {
    this.mask &= PRIVATE_BITS
  }

  push(bits: number): Steps<boolean> {
    return this.state.pushInterest(this, bits)
  }
}
