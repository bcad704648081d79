import fc from 'fast-check'
import * as reference from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import { gaussian } from '../../testing/noise.ts'
import { seededRandom } from '../../random.ts'
import { drift, spearman } from './spearman.ts'

const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), {
  minLength: 2,
  maxLength: 30,
})

describe("Spearman's rank correlation", () => {
  it('agrees with SciPy, ties and all', () => {
    // SciPy 1.17.1: spearmanr(xs, ys).
    expect(spearman([1, 2, 2, 3, 5, 5, 5, 8], [2, 1, 4, 4, 3, 6, 7, 7])).toBeCloseTo(0.7641078192857804, 12)
  })

  it('agrees with simple-statistics', () => {
    fc.assert(
      fc.property(pairs, (points) => {
        const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
        const expected = reference.sampleRankCorrelation(xs, ys)
        expect(spearman(xs, ys)).toBeCloseTo(Number.isNaN(expected) ? 0 : expected, 9)
      }),
    )
  })

  it('refuses what does not pair', () => {
    expect(() => spearman([1, 2], [1])).toThrow(RangeError)
  })
})

describe('a drift', () => {
  it('is found in a slow climb or fall under noise', () => {
    const noise = gaussian(seededRandom(1))
    const climb = Array.from({ length: 30 }, (_, i) => 100 + i + 5 * noise())
    expect(drift(climb)).toBeGreaterThan(0.5)
    expect(drift(climb.map((value) => -value))).toBeLessThan(-0.5)
  })

  it('is seen in at most 5 of 100 series of pure noise, short ones too', () => {
    const noise = gaussian(seededRandom(2))
    for (const count of [6, 10, 30]) {
      const seen = Array.from({ length: 2000 }, () => drift(Array.from({ length: count }, noise)))
      expect(seen.filter((rho) => rho !== undefined).length).toBeLessThanOrEqual(100)
    }
  })

  it('needs five values: of four, even the rarest order comes up by chance too often', () => {
    expect(drift([1, 2, 3, 4, 5])).toBeCloseTo(1, 12)
    expect(drift([1, 2, 3, 4])).toBeUndefined()
    expect(drift([])).toBeUndefined()
    // Zar 1972: of six values, 0.886 is significant at 5 %, and 0.829 is not.
    expect(drift([1, 2, 3, 4, 6, 5])).toBeDefined()
    expect(drift([1, 2, 4, 3, 6, 5])).toBeDefined()
    expect(drift([2, 1, 4, 3, 6, 5])).toBeUndefined()
  })
})
