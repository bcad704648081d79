import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wilcoxonSignedRank } from './wilcoxon.ts'

/** Pairs of a plant each, self- and cross-fertilised: Darwin 1876, taken up by Fisher (1935, The Design of Experiments). */
const DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

const TIES = [1, 1, -1, 2, 2, -3, 4, 4, 4, -5, 0, 6, 7, 7, -8, 9, 10, 0, 11, 12]

const spread = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * 37) % 101) - 40.5 + i / 1000)

describe('the signed-rank test', () => {
  // SciPy 1.17.1: wilcoxon(d, method='exact'), or 'approx' with correction=True and zero_method='wilcox'.
  it.each([
    ['Darwin, exactly', DARWIN, 24, 0.041259765625],
    ['50 differences, exactly', spread(50), 424, 0.039015525521861605],
    ['80 differences, nearly', spread(80), 1060, 0.007285103286910491],
    ['ties and zeros', TIES, 32, 0.02083783670168025],
  ])('agrees with SciPy: %s', (_, differences, w, p) => {
    const found = wilcoxonSignedRank(differences)
    expect(found.w).toBe(w)
    expect(found.p).toBeCloseTo(p, 12)
  })

  it('counts what going through all patterns of signs counts', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), (signs) => {
        const n = signs.length
        const { w, p } = wilcoxonSignedRank(signs.map((positive, i) => (positive ? i + 1 : -i - 1)))
        let asExtreme = 0
        for (let pattern = 0; pattern < 2 ** n; pattern++) {
          let sum = 0
          for (let i = 0; i < n; i++) if ((pattern >> i) & 1) sum += i + 1
          if (Math.min(sum, (n * (n + 1)) / 2 - sum) <= w) asExtreme++
        }
        expect(p).toBeCloseTo(asExtreme / 2 ** n, 12)
      }),
    )
  })

  it('finds nothing in nothing, and knows no direction', () => {
    expect(wilcoxonSignedRank([])).toEqual({ w: 0, p: 1 })
    expect(wilcoxonSignedRank([0, 0, 0])).toEqual({ w: 0, p: 1 })
    expect(wilcoxonSignedRank(DARWIN.map((difference) => -difference))).toEqual(wilcoxonSignedRank(DARWIN))
  })

  it('is less sure where differences depend on one another', () => {
    expect(wilcoxonSignedRank(DARWIN, 3).p).toBeGreaterThan(2 * wilcoxonSignedRank(DARWIN).p)
  })
})
