import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatNs, formatRate, plural, printable, threeDigits, wrapText } from './text.ts'

describe('printable text', () => {
  it('is any text without control characters, as it was', () => {
    expect(printable('naïve … │ 日本 🎉')).toBe('naïve … │ 日本 🎉')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/\p{Cc}/u)
        expect(printable(text).replaceAll(/\\x[0-9a-f]{2}/g, '')).toBe(
          text.replaceAll(/\p{Cc}|\\x[0-9a-f]{2}/gu, ''),
        )
      }),
    )
  })

  it.each([
    ['\u001B[31m', '\\x1b[31m'],
    ['a\nb\tc\r', 'a\\x0ab\\x09c\\x0d'],
    ['\u007F\u009B', '\\x7f\\x9b'],
    ['\0', '\\x00'],
  ])('shows %j as escapes', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })
})

describe('durations', () => {
  it.each([
    [0, '0.00 ns'],
    [0.5, '0.50 ns'],
    [8.69, '8.69 ns'],
    [869, '869 ns'],
    [999.4, '999 ns'],
    [999.6, '1.00 us'],
    [1000, '1.00 us'],
    [12_345, '12.3 us'],
    [99_960, '100 us'],
    [1_500_000, '1.50 ms'],
    [999_600_000, '1.00 s'],
    [12e9, '12.0 s'],
    [3.6e12, '3600 s'],
    [-12_345, '-12.3 us'],
  ])('%d ns are %s', (ns, text) => {
    expect(formatNs(ns)).toBe(text)
  })

  it('have three digits between 1 ns and 1000 s, and are right to within half of the last', () => {
    const size = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 } as const
    fc.assert(
      fc.property(fc.double({ min: 1, max: 999e9, noNaN: true }), (ns) => {
        const text = formatNs(ns)
        expect(text.replace(/[^\d]/g, '')).toHaveLength(3)
        const [number, unit] = text.split(' ') as [string, keyof typeof size]
        expect(Math.abs((Number(number) * size[unit]) / ns - 1)).toBeLessThanOrEqual(0.005)
      }),
    )
  })
})

describe('rates', () => {
  it.each([
    [0.5, '0.50 /s'],
    [999, '999 /s'],
    [999.9, '1.00 k/s'],
    [81_967, '82.0 k/s'],
    [999_900, '1.00 M/s'],
    [1_150_000, '1.15 M/s'],
    [25_000_000, '25.0 M/s'],
  ])('%d a second are %s', (perSecond, text) => {
    expect(formatRate(perSecond)).toBe(text)
  })
})

describe('numbers', () => {
  it.each([
    [1.234, '1.23'],
    [9.996, '10.0'],
    [12.34, '12.3'],
    [99.96, '100'],
    [123.4, '123'],
    [1234, '1234'],
  ])('%d has three digits as %s', (value, text) => {
    expect(threeDigits(value)).toBe(text)
  })

  it('go with a noun in singular or plural', () => {
    expect([0, 1, 2].map((count) => plural(count, 'check'))).toEqual(['0 checks', '1 check', '2 checks'])
  })
})

describe('wrapText', () => {
  it('fills lines up to the width, and breaks no word', () => {
    expect(wrapText('one two three four', 9)).toEqual(['one two', 'three', 'four'])
    expect(wrapText('immeasurably so', 5)).toEqual(['immeasurably', 'so'])
    expect(wrapText('', 5)).toEqual([''])
  })
})
