import { describe, expect, it } from 'vitest'
import { correlated } from '../../testing/noise.ts'
import { seededRandom } from '../../random.ts'
import { autocorrelation, blockLength, varianceInflation } from './autocorrelation.ts'
import { mean } from './describe.ts'

function series(count: number, r: number, seed: number): number[] {
  return Array.from({ length: count }, correlated(r, seededRandom(seed)))
}

describe('autocorrelation', () => {
  it.each([0, 0.3, 0.6])('of short series with %d is that on average, in spite of its bias', (r) => {
    const found = Array.from({ length: 300 }, (_, seed) => autocorrelation(series(40, r, seed)))
    expect(Math.abs(mean(found) - r)).toBeLessThan(0.06)
  })

  it('is the same for costs and their logarithms, whatever the outliers', () => {
    const values = series(40, 0.5, 1)
    expect(autocorrelation(values.map((value) => Math.exp(9 * value)))).toBe(autocorrelation(values))
  })

  it('is negative where values alternate, and none where all are equal or too few', () => {
    expect(autocorrelation([1, 9, 2, 8, 1, 9, 2, 8])).toBeLessThan(-0.5)
    expect(autocorrelation([3, 3, 3, 3, 3, 3])).toBe(0)
    expect(autocorrelation([1, 2, 3])).toBe(0)
  })
})

describe('what dependence costs', () => {
  it('is nothing where values do not depend on one another', () => {
    const values = series(200, 0, 2)
    expect(varianceInflation(values)).toBe(1)
    expect(blockLength(values)).toBe(1)
  })

  it('grows with the autocorrelation, and stays finite for a straight line', () => {
    const some = series(200, 0.5, 3)
    const more = series(200, 0.9, 3)
    expect(varianceInflation(some)).toBeGreaterThan(1.5)
    expect(varianceInflation(more)).toBeGreaterThan(varianceInflation(some))
    expect(blockLength(more)).toBeGreaterThan(blockLength(some))
    const line = Array.from({ length: 30 }, (_, i) => i)
    expect(varianceInflation(line)).toBe(30)
    expect(blockLength(line)).toBe(15)
  })
})
