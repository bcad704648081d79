import fc from 'fast-check'
import * as reference from 'simple-statistics'
import { describe, expect, it } from 'vitest'
import { mannWhitneyU, smallestP } from './mann-whitney.ts'

const one = (count: number): number[] => Array.from({ length: count }, (_, i) => ((i * 29) % 83) + 0.25)
const other = (count: number): number[] => Array.from({ length: count }, (_, i) => ((i * 31) % 89) + 10.5)

const sample = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 20 })

describe('the test of two samples', () => {
  // SciPy 1.17.1: mannwhitneyu(a, b, method='exact'), or 'asymptotic' with use_continuity=True.
  it.each([
    ['few, exactly', [19, 22, 16, 29, 24], [20, 11, 17, 12], 3, 0.1111111111111111],
    ['25 and 25, exactly', one(25), other(25), 233, 0.12608442626015323],
    ['40 and 35, nearly', one(40), other(35), 528, 0.06855970814103057],
    ['ties', [1, 2, 2, 3, 3, 3, 4, 5, 6, 6], [2, 3, 4, 4, 5, 6, 7, 7, 8], 24, 0.09069931659436463],
  ])('agrees with SciPy: %s', (_, a, b, u, p) => {
    const found = mannWhitneyU(a, b)
    expect(found.u).toBe(u)
    expect(found.p).toBeCloseTo(p, 12)
  })

  it('has the statistic of simple-statistics, and treats both samples alike', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const { u, p } = mannWhitneyU(a, b)
        const above = reference.wilcoxonRankSum(a, b) - (a.length * (a.length + 1)) / 2
        expect(u).toBeCloseTo(Math.min(above, a.length * b.length - above), 9)
        expect(mannWhitneyU(b, a).p).toBeCloseTo(p, 12)
        expect(p).toBeGreaterThanOrEqual(0)
        expect(p).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('counts what going through all orders counts', () => {
    const orders = fc.array(fc.boolean(), { minLength: 2, maxLength: 10 })
    fc.assert(
      fc.property(orders, (isFirst) => {
        const total = isFirst.length
        const a = [...isFirst.keys()].filter((i) => isFirst[i])
        const b = [...isFirst.keys()].filter((i) => !isFirst[i])
        fc.pre(a.length > 0 && b.length > 0)
        const { u, p } = mannWhitneyU(a, b)
        let [all, asExtreme] = [0, 0]
        for (let pattern = 0; pattern < 2 ** total; pattern++) {
          const members = [...isFirst.keys()].filter((i) => (pattern >> i) & 1)
          if (members.length !== a.length) continue
          const above = members.reduce((sum, rank, i) => sum + rank - i, 0)
          all++
          if (Math.min(above, a.length * b.length - above) <= u) asExtreme++
        }
        expect(p).toBeCloseTo(asExtreme / all, 12)
      }),
    )
  })

  it('finds nothing in nothing, or where all values are equal', () => {
    expect(mannWhitneyU([], [1])).toEqual({ u: 0, p: 1 })
    expect(mannWhitneyU([2, 2], [2, 2, 2])).toEqual({ u: 3, p: 1 })
  })

  it('is less sure where values depend on one another', () => {
    const [a, b] = [one(20), other(20).map((value) => value + 20)]
    expect(mannWhitneyU(a, b, 3).p).toBeGreaterThan(2 * mannWhitneyU(a, b).p)
  })
})

describe('the smallest p', () => {
  it('is that of samples without any overlap', () => {
    expect(smallestP(3, 3)).toBeCloseTo(0.1, 12)
    expect(smallestP(4, 4)).toBeCloseTo(2 / 70, 12)
    expect(smallestP(1, 0)).toBe(1)
    expect(mannWhitneyU([1, 2, 3, 4], [5, 6, 7, 8, 9]).p).toBeCloseTo(smallestP(4, 5), 12)
  })
})
