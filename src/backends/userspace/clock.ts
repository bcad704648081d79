/** What is to happen at a time. */
export interface Alarm {
  readonly atNs: number
  readonly ring: () => void
}

/** What is this far away never comes: as much time as 64 bits count (KTIME_MAX), 292 years. */
export const FOREVER_NS = 2 ** 63

/** Where time begins: late enough that a moment in the past can be named. */
const BEGINNING_NS = 1e9

/** How far the time of day is ahead of the time that is only counted, at first: it is the end of January 1970. */
const AHEAD_NS = 30 * 86400e9

/** Time that passes when somebody waits, and not by itself. In nanoseconds since an arbitrary moment. */
export class VirtualClock {
  #nowNs = BEGINNING_NS
  /** Sorted, the earliest last. */
  readonly #alarms: Alarm[] = []

  get nowNs(): number {
    return this.#nowNs
  }

  /** How far the time of day is ahead. */
  aheadNs = AHEAD_NS
  /** Who hears that the time of day was set. */
  readonly #affected = new Set<() => void>()

  /** clock_settime(2): sets the time of day. What is only counted goes on. */
  setTimeOfDay(ns: number): void {
    this.aheadNs = ns - this.#nowNs
    for (const tell of this.#affected) tell()
    this.advanceTo(this.#nowNs)
  }

  /** Hears of every setting from now on, until what this returns is called. */
  onTimeOfDaySet(tell: () => void): () => void {
    this.#affected.add(tell)
    return () => this.#affected.delete(tell)
  }

  /** When the next alarm is; undefined where there is none. */
  get nextNs(): number | undefined {
    return this.#alarms.at(-1)?.atNs
  }

  /** One that is for ever away does not ring. Alarms for the same time ring in the order in which they were set. One that is due rings on the next advance. */
  set(atNs: number, ring: () => void): Alarm {
    const alarm = { atNs, ring }
    if (atNs >= FOREVER_NS) return alarm
    let low = 0
    let high = this.#alarms.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#alarms[middle]?.atNs ?? 0) > atNs) low = middle + 1
      else high = middle
    }
    this.#alarms.splice(low, 0, alarm)
    return alarm
  }

  cancel(alarm: Alarm): void {
    const at = this.#alarms.indexOf(alarm)
    if (at !== -1) this.#alarms.splice(at, 1)
  }

  /** Lets time pass, and rings what is due on the way. */
  advanceTo(atNs: number): void {
    for (let next = this.nextNs; next !== undefined && next <= atNs; next = this.nextNs) {
      this.#nowNs = Math.max(this.#nowNs, next)
      this.#alarms.pop()?.ring()
    }
    this.#nowNs = Math.max(this.#nowNs, atNs)
  }
}
