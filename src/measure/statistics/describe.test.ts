import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from './random.ts'
import { ascending, mean, median, medianInterval, quantile } from './statistics.ts'

const durations = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 })

describe('ascending', () => {
  it('sorts by value and not by text, and leaves its argument alone', () => {
    const values = [10, 9, 1, 100]
    expect([...ascending(values)]).toEqual([1, 9, 10, 100])
    expect(values).toEqual([10, 9, 1, 100])
  })
})

describe('a quantile', () => {
  // R: quantile(c(1, 2, 3, 4, 10), c(0, .25, .5, .9, 1)), type 7.
  it.each([
    [0, 1],
    [0.25, 2],
    [0.5, 3],
    [0.9, 7.6],
    [1, 10],
  ])('of 1 2 3 4 10 at %d is %d', (q, value) => {
    expect(quantile([1, 2, 3, 4, 10], q)).toBeCloseTo(value, 12)
  })

  it('of one value is that value, and of none is no number', () => {
    expect(quantile([7], 0.999)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
  })

  it('lies between the smallest and the largest value, and grows with q', () => {
    fc.assert(
      fc.property(
        durations,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, a, b) => {
          const sorted = ascending(values)
          const [low, high] = [quantile(sorted, Math.min(a, b)), quantile(sorted, Math.max(a, b))]
          expect(low).toBeGreaterThanOrEqual(sorted[0] ?? NaN)
          // Interpolating may lose the last bit.
          expect(high).toBeGreaterThanOrEqual(low * (1 - 1e-15))
          expect(high).toBeLessThanOrEqual((sorted.at(-1) ?? NaN) * (1 + 1e-15))
        },
      ),
    )
  })
})

describe('median and mean', () => {
  it('are those of textbooks', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(mean([1, 2, 3, 10])).toBe(4)
  })

  it('do not depend on the order', () => {
    fc.assert(
      fc.property(durations, (values) => {
        expect(median(values.toReversed())).toBe(median(values))
      }),
    )
  })
})

describe('the interval of a median', () => {
  it('is the value itself where there is one, or where all are equal', () => {
    expect(medianInterval([5], seededRandom(1))).toEqual([5, 5])
    expect(medianInterval([5, 5, 5], seededRandom(1))).toEqual([5, 5])
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
      { numRuns: 20 },
    )
  })

  it('holds the true median in about 95 of 100 samples', () => {
    const random = seededRandom(42)
    let held = 0
    for (let i = 0; i < 200; i++) {
      // Uniform on [0, 1): the true median is a half.
      const [low, high] = medianInterval(Array.from({ length: 30 }, random), random)
      if (low <= 0.5 && high >= 0.5) held++
    }
    expect(held).toBeGreaterThan(180)
    expect(held).toBeLessThan(200)
  })
})
