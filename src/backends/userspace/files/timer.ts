/** timerfd_create(2), on virtual time. */
import { constants as osConstants } from 'node:os'
import { EPOLL, O } from '../../../libc/constants/linux.ts'
import type { Alarm, VirtualClock } from '../clock.ts'
import { INVALID, OpenFile } from './open-file.ts'
import type { Bytes } from './open-file.ts'

const { EAGAIN, ECANCELED, EFAULT, EINVAL } = osConstants.errno

const SIZE = 8

/** What is left until the next expiry, and the period; zero is none. In nanoseconds. */
export interface TimerSetting {
  readonly valueNs: number
  readonly intervalNs: number
}

/** How a timer is set: to a time and not from now on; and whether it is over when somebody sets the time of day. */
export interface TimerMode {
  readonly absolute: boolean
  readonly cancels: boolean
}

export class Timer extends OpenFile {
  readonly accessMode = O.RDWR
  readonly #clock: VirtualClock
  readonly #realtime: boolean
  #alarm: Alarm | undefined
  #atNs = 0
  #intervalNs = 0
  /** Expirations that nobody has read. */
  #ticks = 0
  /** The time of day that it is due at; undefined where it is due after a time. */
  #dueNs: number | undefined
  /** What it does not hear any more from then on. */
  #stopHearing: () => void = () => undefined
  #cancels = false
  /** The time of day was set, which nobody was told yet. */
  #cancelled = false
  /** It has expired and, if periodic, is only started again when somebody asks. */
  #expired = false

  /** `realtime`: it goes by the time of day. */
  constructor(clock: VirtualClock, realtime: boolean, nonblocking: boolean) {
    super(nonblocking)
    this.#clock = clock
    this.#realtime = realtime
  }

  readiness(): number {
    return this.#ticks > 0 ? EPOLL.IN : 0
  }

  read(into: Bytes, length: number): number {
    if (length < SIZE) return -EINVAL
    if (this.#ticks === 0) return -EAGAIN
    if (this.#takeCancelled()) {
      this.#ticks = 0
      this.#expired = false
      return -ECANCELED
    }
    this.#catchUp()
    const ticks = this.#ticks
    this.#ticks = 0
    this.#expired = false
    // The kernel has forgotten the expirations before it finds that there is nowhere to put them.
    if (into === undefined) return -EFAULT
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, BigInt(ticks), true)
    return SIZE
  }

  write(): number {
    return INVALID
  }

  /**
   * Sets it to expire after a time, or at one. Returns what it was set to, and forgets what has expired. Or ECANCELED,
   * negative, where the time of day was set and nobody was told: it is set all the same.
   */
  set(valueNs: number, intervalNs: number, { absolute, cancels }: TimerMode): TimerSetting | number {
    this.#catchUp()
    const before = this.#setting()
    this.#stop()
    this.#ticks = 0
    this.#expired = false
    this.#intervalNs = intervalNs
    this.#follow(absolute && this.#realtime ? valueNs : undefined, cancels)
    if (valueNs === 0) return before
    this.#start(absolute ? valueNs - (this.#realtime ? this.#clock.aheadNs : 0) : this.#clock.nowNs + valueNs)
    return this.#takeCancelled() ? -ECANCELED : before
  }

  get(): TimerSetting {
    this.#catchUp()
    return this.#setting()
  }

  release(): void {
    this.#stop()
    this.#stopHearing()
  }

  /** Hears of settings of the time of day, if it is due at one. What is due after a time is not affected. */
  #follow(dueNs: number | undefined, cancels: boolean): void {
    this.#stopHearing()
    this.#dueNs = dueNs
    this.#cancels = cancels && dueNs !== undefined
    this.#cancelled &&= this.#cancels
    if (dueNs !== undefined) this.#stopHearing = this.#clock.onTimeOfDaySet(() => this.#timeOfDayWasSet())
  }

  #timeOfDayWasSet(): void {
    if (this.#alarm !== undefined && this.#dueNs !== undefined) {
      this.#stop()
      this.#start(this.#dueNs - this.#clock.aheadNs)
    }
    if (!this.#cancels) return
    this.#cancelled = true
    this.#ticks++
    this.tell(EPOLL.IN, ...this.queues)
  }

  #takeCancelled(): boolean {
    const cancelled = this.#cancelled
    this.#cancelled = false
    return cancelled
  }

  #setting(): TimerSetting {
    const left = this.#alarm === undefined ? 0 : Math.max(1, this.#atNs - this.#clock.nowNs)
    return { valueNs: left, intervalNs: this.#intervalNs }
  }

  /** Counts the periods that have passed since a periodic timer expired, and starts it again. */
  #catchUp(): void {
    if (!this.#expired || this.#intervalNs === 0) return
    const missed = Math.floor((this.#clock.nowNs - this.#atNs) / this.#intervalNs)
    this.#ticks += missed
    this.#expired = false
    this.#start(this.#atNs + (missed + 1) * this.#intervalNs)
  }

  #start(atNs: number): void {
    this.#atNs = atNs
    if (this.#dueNs !== undefined) this.#dueNs = atNs + this.#clock.aheadNs
    this.#alarm = this.#clock.set(atNs, () => {
      this.#alarm = undefined
      this.#expired = true
      this.#ticks++
      this.tell(EPOLL.IN, ...this.queues)
    })
  }

  #stop(): void {
    if (this.#alarm !== undefined) this.#clock.cancel(this.#alarm)
    this.#alarm = undefined
  }
}
