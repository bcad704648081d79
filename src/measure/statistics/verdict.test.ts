import { describe, expect, it } from 'vitest'
import { correlated, costs, gaussian } from '../../testing/noise.ts'
import { seededRandom } from '../../random.ts'
import {
  compareRounds,
  compareSamples,
  correctForMany,
  floorOf,
  LOCAL_THRESHOLD,
  verdictOf,
} from './verdict.ts'
import type { RoundCosts } from './verdict.ts'

const threshold = LOCAL_THRESHOLD

/** Rounds of two backends; both carry what happened to the whole round. */
function rounds(count: number, ratio: number, scale: number, seed = 1): RoundCosts {
  const random = seededRandom(seed)
  const noise = gaussian(random)
  const common = costs(count, 0.5, noise)
  const side = (factor: number): number[] =>
    costs(count, scale, noise).map((cost, i) => factor * cost * common[i]!)
  return { subject: side(ratio), base: side(1), threshold, random }
}

describe('a verdict', () => {
  it.each([
    ['slower', [1.02, 1.04], 0.01],
    ['inconclusive', [1.02, 1.04], 0.05],
    ['inconclusive', [1.005, 1.04], 0.001],
    ['faster', [0.9, 0.95], 0.01],
    ['inconclusive', [0.9, 0.995], 0.001],
    ['same', [0.995, 1.005], 0.9],
    ['same', [1.002, 1.004], 0.001],
    ['inconclusive', [0.9, 1.1], 0.5],
    ['inconclusive', [NaN, NaN], 0.001],
  ] as const)('is %s for an interval of %j with a p of %d', (verdict, ci95, p) => {
    expect(verdictOf({ ci95, p, threshold })).toBe(verdict)
  })
})

describe('comparing round by round', () => {
  it('finds what differs, and says by how much, whatever happened to whole rounds', () => {
    const found = compareRounds(rounds(30, 1.2, 0.02))
    expect(found.verdict).toBe('slower')
    expect(found.ci95[0]).toBeLessThan(1.2)
    expect(found.ci95[1]).toBeGreaterThan(1.2)
    expect(found.p).toBeLessThan(0.001)
  })

  it('turns round with its sides', () => {
    const there = rounds(30, 1.2, 0.02)
    const back = { ...there, subject: there.base, base: there.subject }
    expect(compareRounds(back).verdict).toBe('faster')
    expect(compareRounds(back).value).toBeCloseTo(1 / compareRounds(there).value, 12)
  })

  it('says that what hardly differs is the same', () => {
    expect(compareRounds(rounds(30, 1.001, 0.002)).verdict).toBe('same')
    const equal = [5, 6, 7, 8, 9, 10]
    const { value, ci95, p, verdict } = compareRounds({
      subject: equal,
      base: equal,
      threshold,
      random: Math.random,
    })
    expect({ value, ci95, p, verdict }).toEqual({ value: 1, ci95: [1, 1], p: 1, verdict: 'same' })
  })

  it('says nothing of fewer than six rounds', () => {
    expect(compareRounds(rounds(5, 2, 0.01)).verdict).toBe('inconclusive')
    expect(compareRounds(rounds(6, 2, 0.01)).verdict).toBe('slower')
    expect(compareRounds(rounds(0, 2, 0.01))).toMatchObject({ value: NaN, p: 1, verdict: 'inconclusive' })
  })

  it('says nothing that depends on disturbed rounds', () => {
    const { subject, base, random } = rounds(30, 1, 0.004)
    const disturbed = new Set([...subject.keys()].filter((round) => round % 3 > 0))
    const struck = subject.map((cost, round) => (disturbed.has(round) ? 1.3 * cost : cost))
    const blind = compareRounds({ subject: struck, base, threshold, random })
    const aware = compareRounds({ subject: struck, base, disturbed, threshold, random })
    expect(blind.verdict).toBe('slower')
    expect(aware.verdict).toBe('inconclusive')
    expect(aware.value).toBe(blind.value)
  })

  it('keeps a verdict that holds without the disturbed rounds', () => {
    const disturbed = new Set([3, 4])
    expect(compareRounds({ ...rounds(30, 1.2, 0.02), disturbed }).verdict).toBe('slower')
  })

  it('does not take a drifting ratio for a difference, unless it is far larger than the drift', () => {
    const base = Array.from({ length: 30 }, () => 100)
    const drifting = (from: number): number[] => base.map((cost, round) => cost * (from + 0.01 * round))
    const compare = (from: number) =>
      compareRounds({ subject: drifting(from), base, threshold, random: seededRandom(1) })
    expect(compare(1).verdict).toBe('inconclusive')
    expect(compare(3).verdict).toBe('slower')
  })

  it('refuses rounds that do not pair, and costs that have no ratio', () => {
    const random = seededRandom(1)
    expect(() => compareRounds({ subject: [1, 2], base: [1], threshold, random })).toThrow(RangeError)
    expect(() => compareRounds({ subject: [0], base: [1], threshold, random })).toThrow(RangeError)
    expect(() => compareRounds({ subject: [1], base: [NaN], threshold, random })).toThrow(RangeError)
  })
})

describe('comparing two samples', () => {
  const random = seededRandom(5)
  const sample = (count: number, factor: number): number[] =>
    costs(count, 0.03, correlated(0, random)).map((cost) => factor * cost)

  it('finds what differs, also between samples of different sizes', () => {
    const found = compareSamples({ subject: sample(30, 100), base: sample(40, 120), threshold, random })
    expect(found.verdict).toBe('faster')
    expect(found.ci95[0]).toBeLessThan(100 / 120)
    expect(found.ci95[1]).toBeGreaterThan(100 / 120)
  })

  it('says nothing of fewer than six values, or of small differences', () => {
    expect(compareSamples({ subject: sample(5, 2), base: sample(40, 1), threshold, random }).verdict).toBe(
      'inconclusive',
    )
    expect(
      compareSamples({ subject: sample(10, 1.01), base: sample(10, 1), threshold, random }).verdict,
    ).toBe('inconclusive')
  })

  it('finds a wide gap also between samples that drift', () => {
    const line = (from: number): number[] => Array.from({ length: 30 }, (_, i) => from * (1 + i / 300))
    expect(compareSamples({ subject: line(3), base: line(1), threshold, random }).verdict).toBe('slower')
    expect(compareSamples({ subject: line(1.04), base: line(1), threshold, random }).verdict).toBe(
      'inconclusive',
    )
  })

  it('refuses costs that have no ratio', () => {
    expect(() => compareSamples({ subject: [1], base: [-1], threshold, random })).toThrow(RangeError)
  })
})

describe('many comparisons', () => {
  it('need smaller p, and keep all else', () => {
    const one = { p: 0.04, verdict: 'slower', name: 'a' } as const
    expect(correctForMany([one])).toEqual([one])
    expect(
      correctForMany([one, { ...one, p: 0.001, name: 'b' }, { p: 1, verdict: 'same', name: 'c' }]),
    ).toEqual([
      { p: 0.08, verdict: 'inconclusive', name: 'a' },
      { p: 0.003, verdict: 'slower', name: 'b' },
      { p: 1, verdict: 'same', name: 'c' },
    ])
  })
})

describe('the floor of noise', () => {
  it('is the largest difference either way that is not excluded', () => {
    expect(floorOf([0.99, 1.03])).toBeCloseTo(0.03, 12)
    expect(floorOf([0.8, 1.03])).toBeCloseTo(0.25, 12)
    expect(floorOf([1, 1])).toBe(0)
  })
})
