import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random.ts'
import { Samples } from './samples.ts'

const MOST = 50_000

function samplesOf(count: number, value: (i: number) => number, seed = 1): Samples {
  const samples = new Samples(seededRandom(seed))
  for (let i = 0; i < count; i++) samples.add(value(i))
  return samples
}

describe('samples', () => {
  it('are all kept, in order, as long as there is room', () => {
    const samples = samplesOf(MOST, (i) => i)
    expect(samples.kept).toEqual(Array.from({ length: MOST }, (_, i) => i))
    expect(samples.count).toBe(MOST)
  })

  it('are nothing before the first one', () => {
    expect(samplesOf(0, () => 0)).toMatchObject({ kept: [], count: 0, min: Infinity, max: -Infinity })
  })

  it.each([
    ['first', 0, 1],
    ['in the middle', 60_000, 60_001],
    ['last', 199_998, 199_999],
  ])('know the smallest and the largest, also where they come %s', (_, low, high) => {
    const samples = samplesOf(200_000, (i) => (i === low ? -5 : i === high ? 1e9 : 100))
    expect(samples).toMatchObject({ count: 200_000, min: -5, max: 1e9 })
    expect(samples.kept).toHaveLength(MOST)
  })

  it('are kept with the same chance whenever they come', () => {
    const total = 4 * MOST
    const { kept } = samplesOf(total, (i) => i)
    expect(new Set(kept).size).toBe(MOST)
    // Of every quarter a quarter; a binomial count of 50,000 with p = 1/4 has a standard deviation of 97.
    for (let quarter = 0; quarter < 4; quarter++) {
      const of = kept.filter((i) => Math.floor(i / MOST) === quarter).length
      expect(Math.abs(of - MOST / 4)).toBeLessThan(600)
    }
  })
})
