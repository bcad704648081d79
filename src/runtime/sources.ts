import type { WakeHandle } from '../backends/backend.ts'
import type { Libc } from '../libc/libc.ts'
import type { ReactorOptions } from '../loop/reactor.ts'
import type { Clock } from './clock.ts'
import { Descriptors } from './descriptors.ts'
import type { Direction } from './descriptors.ts'
import { Wakeup } from './fiber.ts'
import type { Fiber } from './fiber.ts'
import { Timers } from './timers.ts'
import type { WaitQueue } from './wait-queue.ts'

/** What time and descriptors do to a scheduler. */
export interface SourceEvents {
  /** Makes a fiber ready. */
  resume(fiber: Fiber, wakeup: Wakeup): void
  /** Whether no fiber is. */
  isIdle(): boolean
  /** A wake has come from another thread. Absent: there is no such channel. */
  readonly onWake: (() => void) | undefined
  /** Before a wait, and after it; see `SchedulerOptions`. */
  readonly beforeWait: (() => void) | undefined
  readonly afterWait: ((isIdle: boolean) => void) | undefined
}

/** What wakes fibers from outside: time and descriptors, which are waited for together. */
export class Sources {
  readonly #clock: Clock
  readonly #events: SourceEvents
  readonly #timers = new Timers()
  readonly #descriptors: Descriptors

  constructor(libc: Libc, clock: Clock, events: SourceEvents, options: ReactorOptions) {
    this.#clock = clock
    this.#events = events
    const served = {
      ready: (fiber: Fiber): void => events.resume(fiber, Wakeup.READY),
      givenUp: (fiber: Fiber): void => events.resume(fiber, Wakeup.WOKEN),
    }
    this.#descriptors = new Descriptors(libc, served, options)
  }

  /** How many registrations the kernel has. */
  get registrations(): number {
    return this.#descriptors.registered
  }

  /** Wakes a fiber in `ms` milliseconds at the latest. RangeError for what is no duration. */
  wakeIn(fiber: Fiber, ms: number): void {
    this.#timers.add(fiber, this.#clock.now() + ms)
  }

  /** A fiber was woken: its timer is no more. */
  cancelTimer(fiber: Fiber): void {
    if (fiber.place >= 0) this.#timers.remove(fiber)
  }

  /** The queue for a direction of a descriptor, which is watched for who joins it. Throws `SystemError`. */
  queueOf(fd: number, direction: Direction): WaitQueue {
    return this.#descriptors.queueOf(fd, direction)
  }

  forget(fd: number): void {
    this.#descriptors.forget(fd)
  }

  takeError(fd: number): number {
    return this.#descriptors.takeError(fd)
  }

  wakeHandle(): WakeHandle {
    return this.#descriptors.reactor.wakeHandle()
  }

  close(): void {
    this.#descriptors.close()
  }

  /** Brings the registrations up to what is wanted. */
  settle(): void {
    this.#descriptors.settle()
  }

  /** A look at descriptors and at the time, which keeps nobody. */
  look(): void {
    this.#descriptors.settle()
    this.#events.beforeWait?.()
    if (this.#watches) this.#poll(0)
    this.#events.afterWait?.(this.#events.isIdle())
    if (!this.#clock.isVirtual && this.#timers.size > 0) this.#wakeDue()
  }

  /** Nobody is ready: waits for what makes somebody so. Returns whether there was anything to wait for. */
  advance(): boolean {
    this.#descriptors.settle()
    if (!this.#events.isIdle()) return true
    this.#events.beforeWait?.()
    try {
      return !this.#events.isIdle() || this.#wait()
    } finally {
      this.#events.afterWait?.(this.#events.isIdle())
    }
  }

  #wait(): boolean {
    const clock = this.#clock
    const deadlineMs = this.#timers.first?.deadlineMs
    if (clock.isVirtual) {
      const watches = this.#watches
      if (watches) this.#poll(deadlineMs === undefined ? null : 0)
      if (deadlineMs === undefined || !this.#events.isIdle()) return watches
      clock.advanceTo(deadlineMs)
      this.#wakeFirst()
      return true
    }
    const leftMs = deadlineMs === undefined ? null : Math.max(0, deadlineMs - clock.now())
    if (this.#watches) this.#poll(leftMs)
    else if (leftMs === null) return false
    else if (leftMs > 0) clock.sleep(leftMs)
    this.#wakeDue()
    return true
  }

  get #watches(): boolean {
    return this.#events.onWake !== undefined || this.#descriptors.registered > 0
  }

  #poll(timeoutMs: number | null): void {
    if (this.#descriptors.poll(timeoutMs)) this.#events.onWake?.()
  }

  /** Time stands still for others that are due at the same time: what the first one does comes before them. */
  #wakeFirst(): void {
    const { first } = this.#timers
    if (first !== undefined) this.#events.resume(first, Wakeup.TIME)
  }

  #wakeDue(): void {
    const nowMs = this.#clock.now()
    for (let { first } = this.#timers; first !== undefined; first = this.#timers.first) {
      if (first.deadlineMs > nowMs) return
      this.#events.resume(first, Wakeup.TIME)
    }
  }
}
