import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { correlated, gaussian } from '../../testing/noise.ts'
import { seededRandom } from '../../random.ts'
import type { Random } from '../../random.ts'
import { medianInterval, ratioInterval } from './bootstrap.ts'
import { median } from './describe.ts'

const durations = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 })

/** In how many of so many samples of noise about 0 the interval holds 0. */
function held(samples: number, count: number, noise: Random, random: Random): number {
  let hits = 0
  for (let i = 0; i < samples; i++) {
    const [low, high] = medianInterval(Array.from({ length: count }, noise), random)
    if (low <= 0 && high >= 0) hits++
  }
  return hits
}

describe('the interval of a median', () => {
  it('is the value itself where there is one, or where all are equal, and no number where there is none', () => {
    expect(medianInterval([5], seededRandom(1))).toEqual([5, 5])
    expect(medianInterval([5, 5, 5], seededRandom(1))).toEqual([5, 5])
    expect(medianInterval([], seededRandom(1))).toEqual([NaN, NaN])
  })

  it('holds the median, lies within the values, and is the same for the same seed', () => {
    fc.assert(
      fc.property(durations, fc.integer(), (values, seed) => {
        const [low, high] = medianInterval(values, seededRandom(seed))
        expect(low).toBeLessThanOrEqual(median(values))
        expect(high).toBeGreaterThanOrEqual(median(values))
        expect(low).toBeGreaterThanOrEqual(Math.min(...values))
        expect(high).toBeLessThanOrEqual(Math.max(...values))
        expect(medianInterval(values, seededRandom(seed))).toEqual([low, high])
      }),
      { numRuns: 15 },
    )
  })

  it('holds the true median in about 95 of 100 samples', () => {
    const random = seededRandom(42)
    const hits = held(100, 30, gaussian(random), random)
    expect(hits).toBeGreaterThan(89)
    expect(hits).toBeLessThan(100)
  })

  it('still holds it in about 9 of 10 where neighbours correlate', () => {
    const random = seededRandom(43)
    expect(held(50, 60, correlated(0.6, random), random)).toBeGreaterThan(42)
  })

  it('is wider for the same values in an order in which neighbours resemble each other', () => {
    const random = seededRandom(44)
    const mixed = Array.from({ length: 40 }, random)
    const width = (values: readonly number[]): number => {
      const [low, high] = medianInterval(values, seededRandom(1))
      return high - low
    }
    expect(width(mixed.toSorted((a, b) => a - b))).toBeGreaterThan(1.5 * width(mixed))
  })
})

describe('the interval of a ratio of medians', () => {
  it('holds the true ratio in about 19 of 20 pairs of samples, also of different sizes', () => {
    const random = seededRandom(45)
    let hits = 0
    for (let i = 0; i < 60; i++) {
      const a = Array.from({ length: 31 }, () => 3 * (1 + random()))
      const b = Array.from({ length: 40 }, () => 1 + random())
      const [low, high] = ratioInterval(a, b, random)
      if (low <= 3 && high >= 3) hits++
    }
    expect(hits).toBeGreaterThan(52)
  })

  it('is a point where nothing varies', () => {
    expect(ratioInterval([6, 6], [3, 3, 3], seededRandom(1))).toEqual([2, 2])
  })
})
