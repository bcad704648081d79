import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertTimeout, isWholeMs, MAX_TIMEOUT_MS, timeoutMs } from './timeout.ts'

/** Timeouts of all sizes, whole or not, with many close to a whole millisecond. */
const anyTimeout = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(5_000_000),
  fc.double({ min: 0, max: 1e7, noNaN: true }),
  fc.tuple(fc.nat(2 ** 31), fc.integer({ min: -2, max: 2 })).map(([ms, off]) => Math.max(0, ms * 1e6 + off)),
)

/** The same number of nanoseconds, without rounding: a fraction counts as a whole one. */
const wholeNs = (timeoutNs: number): bigint => BigInt(Math.ceil(timeoutNs))

describe('timeoutMs', () => {
  test('is never rounded down, and up by less than a millisecond', () => {
    fc.assert(
      fc.property(anyTimeout, (timeoutNs) => {
        const ms = timeoutMs(timeoutNs)
        expect(Number.isInteger(ms)).toBe(true)
        if (ms === MAX_TIMEOUT_MS) return
        expect(BigInt(ms) * 1_000_000n).toBeGreaterThanOrEqual(wholeNs(timeoutNs))
        expect(BigInt(ms) * 1_000_000n).toBeLessThan(wholeNs(timeoutNs) + 1_000_000n)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    [0, 0],
    [0.001, 1],
    [1, 1],
    [1_000_000, 1],
    [1_000_001, 2],
    [1_999_999.5, 2],
    [2_147_483_646_000_000, 2_147_483_646],
    [2_147_483_647_000_000, MAX_TIMEOUT_MS],
    [2_147_483_647_000_001, MAX_TIMEOUT_MS],
    [Number.MAX_VALUE, MAX_TIMEOUT_MS],
    [Infinity, MAX_TIMEOUT_MS],
  ])('%d ns is %d ms', (timeoutNs, ms) => {
    expect(timeoutMs(timeoutNs)).toBe(ms)
  })

  test('none is -1, and no number of nanoseconds is', () => {
    expect(timeoutMs(null)).toBe(-1)
    expect(MAX_TIMEOUT_MS).toBe(0x7fffffff)
  })
})

describe('isWholeMs', () => {
  test('is true exactly where milliseconds lose nothing', () => {
    fc.assert(
      fc.property(anyTimeout, (timeoutNs) => {
        const exact = Number.isInteger(timeoutNs) && BigInt(timeoutNs) % 1_000_000n === 0n
        expect(isWholeMs(timeoutNs)).toBe(exact)
      }),
      { numRuns: 2000 },
    )
  })

  test('no timeout at all is exact, and a timeout without end is not', () => {
    expect([isWholeMs(null), isWholeMs(0), isWholeMs(Infinity)]).toEqual([true, true, false])
  })
})

describe('assertTimeout', () => {
  test.each([null, 0, -0, 0.5, 1e18, Infinity])('%s is a timeout', (timeoutNs) => {
    expect(() => assertTimeout(timeoutNs)).not.toThrow()
  })

  test.each([-1, -0.001, -Infinity, NaN])('%d is a RangeError', (timeoutNs) => {
    expect(() => assertTimeout(timeoutNs)).toThrow(RangeError)
  })
})
