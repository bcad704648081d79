/**
 * What fibers wait for of descriptors, over one Reactor. All that wait for one descriptor share its registration, whose
 * interest is that of all of them; each direction has a queue, first come, first served.
 *
 * An event serves one fiber of each direction that it tells of. Who is left is asked for anew before the next wait,
 * when those that were served have run: if the descriptor is still ready then, the next one is served, and nobody is
 * woken for what another one has taken. A registration that nobody waits on any more is removed before the next wait
 * too, so that a fiber that waits again in the meantime costs one call and not two.
 */
import { constants as osConstants } from 'node:os'
import { Interest } from '../backends/backend.ts'
import { SystemError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import { Reactor, ReactorEvents } from '../loop/reactor.ts'
import type { ReactorOptions } from '../loop/reactor.ts'
import type { Fiber } from './fiber.ts'
import { WaitQueue } from './wait-queue.ts'

const { EBADF } = osConstants.errno

export type Direction = 'read' | 'write'

/** One direction of a descriptor. */
class DirectionQueue extends WaitQueue {
  readonly #leave: () => void

  constructor(fd: number, direction: Direction, leave: () => void) {
    super(`fd ${fd} (${direction})`)
    this.#leave = leave
  }

  override abandoned(): void {
    this.#leave()
  }
}

/** A descriptor that somebody waits for, or has waited for. */
class Watch {
  readonly fd: number
  readonly readers: DirectionQueue
  readonly writers: DirectionQueue
  /** Whether the kernel has a registration, and what it is armed for: nothing, once its event was reported. */
  isRegistered = false
  armed = 0
  /** Whether it stands among those to be looked at before the next wait. */
  isUnsettled = false
  /** The errno that the backend has taken from it, until somebody asks. */
  error = 0

  constructor(fd: number, leave: (watch: Watch) => void) {
    this.fd = fd
    this.readers = new DirectionQueue(fd, 'read', () => leave(this))
    this.writers = new DirectionQueue(fd, 'write', () => leave(this))
  }

  /** The interest of all who wait. */
  get wanted(): number {
    return (this.readers.isEmpty ? 0 : Interest.READ) | (this.writers.isEmpty ? 0 : Interest.WRITE)
  }
}

/** Called with a fiber whose descriptor is ready, and with one whose descriptor is given up. */
export interface Served {
  ready(fiber: Fiber): void
  givenUp(fiber: Fiber): void
}

export class Descriptors {
  readonly #libc: Libc
  readonly #options: ReactorOptions
  readonly #served: Served
  readonly #events: ReactorEvents
  readonly #watches: (Watch | undefined)[] = []
  #unsettled: Watch[] = []
  #reactor: Reactor | undefined
  #registered = 0

  constructor(libc: Libc, served: Served, options: ReactorOptions) {
    this.#libc = libc
    this.#served = served
    this.#options = options
    this.#events = new ReactorEvents()
  }

  /** How many registrations the kernel has. */
  get registered(): number {
    return this.#registered
  }

  /** Opened when it is first needed: who only computes and sleeps has no descriptor of it. */
  get reactor(): Reactor {
    return (this.#reactor ??= new Reactor(this.#libc, this.#options))
  }

  /** The queue of a direction of a descriptor that is registered for it: who joins it is served. Throws `SystemError`. */
  queueOf(fd: number, direction: Direction): WaitQueue {
    const watch = (this.#watches[fd] ??= this.#watchOf(fd))
    const bit = direction === 'read' ? Interest.READ : Interest.WRITE
    if ((watch.armed & bit) === 0) this.#arm(watch, watch.wanted | bit)
    return direction === 'read' ? watch.readers : watch.writers
  }

  #watchOf(fd: number): Watch {
    // It is the index of a table, and the kernel would not know it either.
    if (fd !== (fd | 0) || fd < 0) throw new SystemError('blockOnFd', EBADF, 'EBADF', `fd ${fd}`)
    return new Watch(fd, (watch) => this.#left(watch))
  }

  /**
   * Asks for an event. What the kernel has forgotten, because the descriptor was closed and its number is that of
   * another file, is registered anew; and what it has kept, because the same file came back, is changed.
   */
  #arm(watch: Watch, interest: number): void {
    const { fd } = watch
    const { reactor } = this
    try {
      if (watch.isRegistered) reactor.reregister(fd, fd, interest)
      else reactor.register(fd, fd, interest)
    } catch (error) {
      const code = error instanceof SystemError ? error.code : ''
      if (watch.isRegistered && code === 'ENOENT') reactor.register(fd, fd, interest)
      else if (!watch.isRegistered && code === 'EEXIST') reactor.reregister(fd, fd, interest)
      else throw error
    }
    if (!watch.isRegistered) this.#registered++
    watch.isRegistered = true
    watch.armed = interest
  }

  /** Removes a registration, if there is one. That of a descriptor which was closed first is gone. */
  #remove(watch: Watch): void {
    if (!watch.isRegistered) return
    watch.isRegistered = false
    watch.armed = 0
    this.#registered--
    try {
      this.#reactor?.deregister(watch.fd)
    } catch (error) {
      if (!(error instanceof SystemError && GONE.includes(error.code))) throw error
    }
  }

  /**
   * Somebody waits no more, and was not served. The kernel may have an event for nobody: one-shot registrations of
   * epoll stay, and would report it. Where others wait in the same direction, it is for them.
   */
  #left(watch: Watch): void {
    if (watch.wanted === 0) this.#remove(watch)
    else this.#unsettle(watch)
  }

  #unsettle(watch: Watch): void {
    if (watch.isUnsettled) return
    watch.isUnsettled = true
    this.#unsettled.push(watch)
  }

  /** Brings the kernel up to what is wanted now, which may serve somebody. To be called before it is waited. */
  settle(): void {
    if (this.#unsettled.length === 0) return
    const all = this.#unsettled
    this.#unsettled = []
    for (const watch of all) {
      watch.isUnsettled = false
      const { wanted } = watch
      if (wanted === 0) this.#remove(watch)
      else if (watch.armed !== wanted) this.#rearm(watch, wanted)
    }
  }

  /** Asks for those who are left. Where that cannot be, the descriptor was closed: their own calls will tell them. */
  #rearm(watch: Watch, wanted: number): void {
    try {
      this.#arm(watch, wanted)
    } catch (error) {
      if (!(error instanceof SystemError)) throw error
      this.#remove(watch)
      serveAll(watch, (fiber) => this.#served.ready(fiber))
    }
  }

  /**
   * Waits until a descriptor is ready, the time is over (null: never) or a wake came, and serves who waits. Returns
   * whether a wake came.
   */
  poll(timeoutMs: number | null): boolean {
    const events = this.#events
    const n = this.reactor.poll(events, timeoutMs)
    for (let i = 0; i < n; i++) {
      const watch = this.#watches[events.fd(i)]
      if (watch === undefined || !watch.isRegistered) continue
      watch.armed = 0
      watch.error ||= events.error(i)
      this.#unsettle(watch)
      const reader = events.isReadable(i) ? watch.readers.first : null
      const writer = events.isWritable(i) ? watch.writers.first : null
      if (reader !== null) this.#served.ready(reader)
      if (writer !== null) this.#served.ready(writer)
    }
    return events.woken
  }

  /** Removes what there is of a descriptor that is about to be closed. Who waits for it is told that it is given up. */
  forget(fd: number): void {
    const watch = this.#watches[fd]
    if (watch === undefined) return
    watch.error = 0
    this.#remove(watch)
    serveAll(watch, (fiber) => this.#served.givenUp(fiber))
  }

  /** The error that the backend has taken from a descriptor: an errno, which is told once, or 0. */
  takeError(fd: number): number {
    const watch = this.#watches[fd]
    if (watch === undefined) return 0
    const { error } = watch
    watch.error = 0
    return error
  }

  close(): void {
    for (const watch of this.#watches) if (watch !== undefined) this.#remove(watch)
    this.#unsettled = []
    this.#reactor?.close()
  }
}

/** What is said of a registration whose descriptor was closed, or is that of another file by now. */
const GONE: readonly string[] = ['EBADF', 'ENOENT', 'EPERM']

function serveAll({ readers, writers }: Watch, serve: (fiber: Fiber) => void): void {
  for (const queue of [readers, writers]) {
    for (let { first } = queue; first !== null; first = queue.first) serve(first)
  }
}
