/** timerfd_create(2), on virtual time. */
import { constants as osConstants } from 'node:os'
import { EPOLL, O } from '../../../libc/constants/linux.ts'
import { REALTIME_OFFSET_NS } from '../clock.ts'
import type { Alarm, VirtualClock } from '../clock.ts'
import { INVALID, OpenFile } from './open-file.ts'
import type { Bytes } from './open-file.ts'

const { EAGAIN, EFAULT, EINVAL } = osConstants.errno

const SIZE = 8

/** What is left until the next expiry, and the period; zero is none. In nanoseconds. */
export interface TimerSetting {
  readonly valueNs: number
  readonly intervalNs: number
}

export class Timer extends OpenFile {
  readonly accessMode = O.RDWR
  readonly #clock: VirtualClock
  /** What its clock shows at time zero. */
  readonly #offsetNs: number
  #alarm: Alarm | undefined
  #atNs = 0
  #intervalNs = 0
  /** Expirations that nobody has read. */
  #ticks = 0
  /** It has expired and, if periodic, is only started again when somebody asks. */
  #expired = false

  /** `realtime`: it goes by the time of day. */
  constructor(clock: VirtualClock, realtime: boolean, nonblocking: boolean) {
    super(nonblocking)
    this.#clock = clock
    this.#offsetNs = realtime ? REALTIME_OFFSET_NS : 0
  }

  readiness(): number {
    return this.#ticks > 0 ? EPOLL.IN : 0
  }

  read(into: Bytes, length: number): number {
    if (length < SIZE) return -EINVAL
    if (this.#ticks === 0) return -EAGAIN
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

  /** Sets it to expire after a time, or at one. Returns what it was set to, and forgets what has expired. */
  set(valueNs: number, intervalNs: number, absolute: boolean): TimerSetting {
    this.#catchUp()
    const before = this.#setting()
    this.#stop()
    this.#ticks = 0
    this.#expired = false
    this.#intervalNs = intervalNs
    if (valueNs > 0) this.#start(absolute ? valueNs - this.#offsetNs : this.#clock.nowNs + valueNs)
    return before
  }

  get(): TimerSetting {
    this.#catchUp()
    return this.#setting()
  }

  release(): void {
    this.#stop()
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
