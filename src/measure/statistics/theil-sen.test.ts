import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gaussian } from '../../testing/noise.ts'
import { seededRandom } from '../../random.ts'
import { crossing, theilSen } from './theil-sen.ts'
import type { Point } from './theil-sen.ts'

const points = (xs: readonly number[], ys: readonly number[]): Point[] => xs.map((x, i) => ({ x, y: ys[i]! }))

const SIZES = [10, 100, 1000, 10_000]

describe('the line of Theil and Sen', () => {
  // SciPy 1.17.1: theilslopes(y, x).
  it('agrees with SciPy, in spite of two wild points', () => {
    const xs = Array.from({ length: 12 }, (_, i) => i + 1)
    const ys = [2.9, 5.2, 6.8, 9.1, 30, 13.2, 14.7, 17.3, 19.1, 20.6, 23.4, 2]
    const line = theilSen(points(xs, ys))
    expect(line.slope).toBeCloseTo(1.9690476190476196, 12)
    expect(line.ci95[0]).toBeCloseTo(1.5, 12)
    expect(line.ci95[1]).toBeCloseTo(2.05, 12)
  })

  it('agrees with SciPy where sizes repeat', () => {
    const xs = [1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32]
    const ys = [5.1, 4.9, 6.2, 6, 8.1, 7.7, 12.3, 11.9, 20.4, 19.9, 36.2, 35.7]
    const line = theilSen(points(xs, ys))
    expect(line.slope).toBeCloseTo(1, 12)
    expect(line.ci95[0]).toBeCloseTo(0.9833333333333335, 12)
    expect(line.ci95[1]).toBeCloseTo(1.025, 12)
  })

  it('is exact on a line, whatever the order of the points', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -99, max: 99 }), (slope, intercept) => {
        const line = theilSen(SIZES.toReversed().map((x) => ({ x, y: intercept + slope * x })))
        expect(line.slope).toBeCloseTo(slope, 9)
        expect(line.intercept).toBeCloseTo(intercept, 6)
      }),
    )
  })

  it('holds the true slope in about 95 of 100 samples', () => {
    const noise = gaussian(seededRandom(1))
    let hits = 0
    for (let i = 0; i < 300; i++) {
      const { ci95 } = theilSen(Array.from({ length: 15 }, (_, x) => ({ x, y: 7 + 3 * x + 5 * noise() })))
      if (ci95[0] <= 3 && ci95[1] >= 3) hits++
    }
    expect(hits).toBeGreaterThan(275)
  })

  it('of four points has the interval of all slopes, and of one size none', () => {
    expect(theilSen(points([1, 2, 3, 4], [1, 3, 4, 8])).ci95).toEqual([1, 4])
    expect(theilSen(points([5, 5], [1, 2])).slope).toBeNaN()
  })
})

describe('where two curves cross', () => {
  const flat = points(SIZES, [300, 300, 300, 300])
  const growing = points(SIZES, [180, 450, 3150, 31_500])

  it('lies between the sizes where their order changes', () => {
    const found = crossing(growing, flat)
    expect(found?.x).toBeCloseTo(50, 9)
    expect(found?.lowerBefore).toBe('first')
    expect(crossing(flat, growing)).toEqual({ x: found?.x, lowerBefore: 'second' })
  })

  it('is the last of several, and counts only sizes that both have', () => {
    const wavy = points(SIZES, [200, 400, 200, 400])
    expect(crossing(wavy, flat)?.x).toBeCloseTo(5500, 9)
    expect(crossing(wavy, flat.toSpliced(1, 1))?.x).toBeCloseTo(5500, 9)
    expect(crossing(wavy, flat.slice(0, 2))?.x).toBeCloseTo(55, 9)
  })

  it('may be a size at which both are equal', () => {
    expect(crossing(points([1, 2, 3], [1, 2, 3]), points([1, 2, 3], [2, 2, 2]))?.x).toBe(2)
  })

  it('is nowhere where one is lower all along, or where there is nothing to compare', () => {
    expect(crossing(flat, points(SIZES, [301, 302, 301, 900]))).toBeUndefined()
    expect(crossing(flat, flat)).toBeUndefined()
    expect(crossing(flat, [])).toBeUndefined()
  })
})
