import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orRefusal } from '../../testing/or-refusal.ts'
import { EV, kqueueAbis } from './abi.ts'
import type { KqueueAbiName } from './abi.ts'
import { timerChange } from './timer.ts'
import type { TimerUnit } from './timer.ts'

const nsPer = { SECONDS: 10n ** 9n, MSECONDS: 10n ** 6n, USECONDS: 1000n, NSECONDS: 1n } as const
const units = Object.keys(nsPer) as TimerUnit[]

/** The notes of each unit, and of a time of day, as the headers have them; what is left out has no number. */
const numbers: Record<KqueueAbiName, Partial<Record<TimerUnit | 'ABSTIME', number>>> = {
  libkqueue: { SECONDS: 1, MSECONDS: 0, USECONDS: 2, NSECONDS: 4, ABSTIME: 8 },
  macos: { SECONDS: 1, MSECONDS: 0, USECONDS: 2, NSECONDS: 4, ABSTIME: 8 },
  freebsd: { SECONDS: 1, MSECONDS: 2, USECONDS: 4, NSECONDS: 8, ABSTIME: 0x10 },
  freebsd11: { SECONDS: 1, MSECONDS: 2, USECONDS: 4, NSECONDS: 8, ABSTIME: 0x10 },
  netbsd: { SECONDS: 1, MSECONDS: 0, USECONDS: 2, NSECONDS: 3, ABSTIME: 0x10 },
  openbsd: { MSECONDS: 0 },
}

describe.each(kqueueAbis)('a timer by the interface of $name', (abi) => {
  const known = numbers[abi.name]
  const usable = units.filter((unit) => known[unit] !== undefined)

  it('is counted in each unit that has a number there, and in no other', () => {
    for (const unit of units) {
      const set = orRefusal(() => timerChange(abi, 7, { afterNs: 2_000_000_000 }, { unit }))
      const refusal = `NOTE_${unit} of EVFILT_TIMER: the kqueue of ${abi.name} does not have it`
      const filter = abi.filters.TIMER
      const data = (2n * 10n ** 9n) / nsPer[unit]
      const flags = EV.ADD | EV.ONESHOT
      const fflags = known[unit]
      expect(set).toEqual(
        fflags === undefined ? refusal : { ident: 7n, filter, flags, fflags, data, udata: 0n },
      )
    }
  })

  it('is counted in the finest of them where none is said', () => {
    const finest = usable.at(-1)
    expect(timerChange(abi, 7, { everyNs: 5e9 })).toEqual(
      timerChange(abi, 7, { everyNs: 5e9 }, { unit: finest ?? 'SECONDS' }),
    )
  })

  it('is never early, late by less than a unit, and of at least one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...usable),
        fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.double({ min: 0, max: 9e18, noNaN: true })),
        (unit, afterNs) => {
          const { data = 0n } = timerChange(abi, 7, { afterNs }, { unit })
          const ns = data * nsPer[unit]
          // Both sides are compared exactly: a bigint and a number compare by their values.
          expect(data >= 1n && ns >= afterNs).toBe(true)
          expect(data === 1n || ns - nsPer[unit] < afterNs).toBe(true)
        },
      ),
    )
  })

  it('fires once, again and again, or at a time of day', () => {
    expect(timerChange(abi, 7, { afterNs: 1 }).flags).toBe(EV.ADD | EV.ONESHOT)
    expect(timerChange(abi, 7, { everyNs: 1 }).flags).toBe(EV.ADD)
    expect(timerChange(abi, 7, { everyNs: 1 }, { dispatch: true }).flags).toBe(EV.ADD | EV.DISPATCH)
    const atNs = 1_800_000_000_123_456_789n
    const set = orRefusal(() => timerChange(abi, 7, { atNs }, { unit: 'MSECONDS', udata: 5n }))
    const absolute = {
      ident: 7n,
      filter: abi.filters.TIMER,
      flags: EV.ADD | EV.ONESHOT,
      fflags: (known.MSECONDS ?? 0) + (known.ABSTIME ?? 0),
      data: 1_800_000_000_124n,
      udata: 5n,
    }
    const refusal = `NOTE_ABSTIME of EVFILT_TIMER: the kqueue of ${abi.name} does not have it`
    expect(set).toEqual(known.ABSTIME === undefined ? refusal : absolute)
  })

  it('is refused where its time is none, or nothing can say it', () => {
    for (const afterNs of [-1, -1n, Number.NaN, Infinity, 2n ** 63n * nsPer[usable.at(-1) ?? 'NSECONDS']]) {
      expect(() => timerChange(abi, 7, { afterNs })).toThrow(RangeError)
    }
    for (const id of [-1, 0.5, 2 ** 53])
      expect(() => timerChange(abi, id, { afterNs: 1 })).toThrow(RangeError)
    for (const udata of [-1n, 2n ** 64n]) {
      expect(() => timerChange(abi, 7, { afterNs: 1 }, { udata })).toThrow('udata has 64 bits')
    }
    expect(() => timerChange(abi, 7, { afterNs: 1 }, { dispatch: true })).toThrow(
      'EV_DISPATCH is for a timer',
    )
  })
})
