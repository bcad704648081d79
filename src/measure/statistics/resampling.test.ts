import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../random.ts'
import { blockMiddle, independentMiddle } from './resampling.ts'
import type { MiddleRanks } from './resampling.ts'

const DRAWS = 50_000

function countsOf(draw: MiddleRanks): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i < DRAWS; i++)
    draw((low, high) => {
      const key = `${low} ${high}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    })
  return counts
}

/** Draws, sorts, and looks at the middle: what the distribution has to agree with. */
function byCounting(n: number, index: () => number[]): MiddleRanks {
  return (resample) => {
    const drawn = index().toSorted((a, b) => a - b)
    resample(drawn[(n - 1) >> 1]!, drawn[n >> 1]!)
  }
}

/** The largest difference of two lists of counts, in standard deviations. */
function difference(one: Map<string, number>, other: Map<string, number>): number {
  const keys = [...new Set([...one.keys(), ...other.keys()])]
  return Math.max(
    ...keys.map((key) => {
      const [a, b] = [one.get(key) ?? 0, other.get(key) ?? 0]
      return Math.abs(a - b) / Math.sqrt(a + b)
    }),
  )
}

describe('the middle of a resample', () => {
  it.each([1, 2, 5, 6, 9])('of %d independent values comes up as often as by drawing and sorting', (n) => {
    const random = seededRandom(n)
    const plain = byCounting(n, () => Array.from({ length: n }, () => Math.floor(random() * n)))
    expect(difference(countsOf(independentMiddle(n, random)), countsOf(plain))).toBeLessThan(5)
  })

  it('of runs of neighbours comes up as often as by drawing and sorting', () => {
    const random = seededRandom(1)
    const values = [30, 10, 50, 20, 60, 40, 70]
    const ranks = values.map((value) => value / 10 - 1)
    const plain = byCounting(7, () =>
      Array.from({ length: 3 }, () => Math.floor(random() * 7))
        .flatMap((start) => [start, start + 1, start + 2].map((at) => ranks[at % 7]!))
        .slice(0, 7),
    )
    expect(difference(countsOf(blockMiddle(values, 3, random)), countsOf(plain))).toBeLessThan(5)
  })

  it('stays within the ranks for samples of any size', () => {
    for (const n of [200, 999, 2000]) {
      const draw = independentMiddle(n, seededRandom(n))
      for (let i = 0; i < 1000; i++)
        draw((low, high) => {
          expect(low >= 0 && low <= high && high < n).toBe(true)
          expect(Math.abs(low / n - 0.5)).toBeLessThan(0.25)
        })
    }
  })
})
