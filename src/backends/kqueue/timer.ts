/** EVFILT_TIMER: timers of the kqueue's own, which need no descriptor. See kqueue(2). */
import { UnsupportedError } from '../../errors.ts'
import { EV } from './abi.ts'
import type { KqueueAbi } from './abi.ts'
import { adding } from './registration.ts'
import type { Change, WatchOptions } from './registration.ts'

/** What a kqueue counts a timer in, by the names of its `NOTE_*`. */
export type TimerUnit = 'SECONDS' | 'MSECONDS' | 'USECONDS' | 'NSECONDS'

/** When a timer fires. A number need not be whole; where that matters, as for a time of day, give a bigint. */
export type TimerTime =
  /** Once, when so many nanoseconds have passed. */
  | { readonly afterNs: number | bigint }
  /** Each time that so many nanoseconds have passed. An event says how often, if it was more than once. */
  | { readonly everyNs: number | bigint }
  /** Once, at a time of day: nanoseconds since 1970 by the clock that can be set (CLOCK_REALTIME). */
  | { readonly atNs: bigint }

export interface TimerOptions extends WatchOptions {
  /** Default: the finest that the interface has. */
  readonly unit?: TimerUnit
}

const NS_PER: Readonly<Record<TimerUnit, bigint>> = {
  SECONDS: 1_000_000_000n,
  MSECONDS: 1_000_000n,
  USECONDS: 1000n,
  NSECONDS: 1n,
}

const MOST_DATA = 2n ** 63n - 1n

/**
 * The change that sets timer `id` of this kqueue, also one that is set already. The time is rounded up to a whole unit
 * and is at least one, so that the timer is never early, and one of 0 fires at once (libkqueue would never fire it).
 *
 * Throws `UnsupportedError` for a unit, or a time of day, that the interface has no number for, and RangeError for a
 * time that is negative, no number, or more than the unit can say. The kqueue may still refuse a long one: ERANGE on
 * macOS.
 */
export function timerChange(
  abi: KqueueAbi,
  id: number,
  time: TimerTime,
  { unit = finestUnit(abi), ...options }: TimerOptions = {},
): Change {
  const repeats = 'everyNs' in time
  if (options.dispatch === true && !repeats) {
    throw new RangeError('EV_DISPATCH is for a timer that repeats: one that fires once is gone then')
  }
  const ns = 'atNs' in time ? time.atNs : repeats ? time.everyNs : time.afterNs
  const absolute = 'atNs' in time ? numberOf(abi, 'ABSTIME') : 0
  return adding(abi, 'TIMER', id, {
    ...options,
    flags: repeats ? 0 : EV.ONESHOT,
    fflags: numberOf(abi, unit) | absolute,
    data: inUnits(ns, unit),
  })
}

function finestUnit({ timerNotes }: KqueueAbi): TimerUnit {
  return timerNotes.NSECONDS === undefined ? 'MSECONDS' : 'NSECONDS'
}

function numberOf({ name, timerNotes }: KqueueAbi, note: TimerUnit | 'ABSTIME'): number {
  // Milliseconds are what a timer counts where nothing is said, also where they have no name.
  const number = timerNotes[note] ?? (note === 'MSECONDS' ? 0 : undefined)
  if (number === undefined) {
    throw new UnsupportedError(`NOTE_${note} of EVFILT_TIMER`, `the kqueue of ${name} does not have it`)
  }
  return number
}

function inUnits(time: number | bigint, unit: TimerUnit): bigint {
  if (typeof time === 'number' && !Number.isFinite(time)) {
    throw new RangeError(`a timer is of a number of nanoseconds, not of ${time}`)
  }
  const ns = typeof time === 'number' ? BigInt(Math.ceil(time)) : time
  if (ns < 0n) throw new RangeError(`a timer is of at least 0 ns, not of ${time}`)
  const per = NS_PER[unit]
  const data = (ns + per - 1n) / per
  if (data > MOST_DATA) throw new RangeError(`a timer of ${time} ns is longer than a kqueue can say`)
  return data === 0n ? 1n : data
}
