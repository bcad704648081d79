import fc from 'fast-check'
import * as reference from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import { ascending, geometricMean, mean, median, outliers, quantile } from './describe.ts'

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

  it('are those of simple-statistics', () => {
    fc.assert(
      fc.property(durations, (values) => {
        expect(median(values) / reference.median(values)).toBeCloseTo(1, 12)
        expect(mean(values) / reference.mean(values)).toBeCloseTo(1, 12)
      }),
    )
  })

  it('do not depend on the order', () => {
    fc.assert(
      fc.property(durations, (values) => {
        expect(median(values.toReversed())).toBe(median(values))
      }),
    )
  })
})

describe('the geometric mean', () => {
  it('is that of simple-statistics', () => {
    fc.assert(
      fc.property(durations, (values) => {
        const expected = reference.logAverage(values)
        expect(geometricMean(values) / expected).toBeCloseTo(1, 9)
      }),
    )
  })

  it('of ratios and of their inverses are inverses', () => {
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12)
    expect(geometricMean([1 / 2, 1 / 8])).toBeCloseTo(1 / 4, 12)
  })
})

describe('outliers', () => {
  it('are told apart by how far they lie beyond the quartiles', () => {
    // Quartiles 5 and 23, as numpy 2.4 has them: the fences are at -22 and 50, and at -49 and 77.
    const values = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 100, -60]
    expect(outliers(values)).toEqual({ mild: 0, severe: 2 })
    expect(outliers(values.with(11, 60))).toEqual({ mild: 1, severe: 1 })
  })

  it('are none where all values are equal, or where there are none', () => {
    expect(outliers([4, 4, 4])).toEqual({ mild: 0, severe: 0 })
    expect(outliers([])).toEqual({ mild: 0, severe: 0 })
  })
})
