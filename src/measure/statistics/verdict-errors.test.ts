import { describe, expect, it } from 'vitest'
import { correlated, costs, gaussian, heavyTailed } from '../../testing/noise.ts'
import { seededRandom } from '../../random.ts'
import type { Random } from '../../random.ts'
import { compareRounds, compareSamples, LOCAL_THRESHOLD } from './verdict.ts'
import type { Compared, Costs } from './verdict.ts'

/** A run's smallest number of rounds. */
const ROUNDS = 30

/** Runs for each kind of noise. */
const RUNS = 30

const threshold = LOCAL_THRESHOLD

/** In how many of so many runs a difference is claimed. Noise is so large that the threshold hides no mistake. */
function claims(
  runs: number,
  compare: (costs: Costs) => Compared,
  pair: readonly Random[],
  random: Random,
): number {
  let found = 0
  for (let run = 0; run < runs; run++) {
    const [subject, base] = pair.map((noise) => costs(ROUNDS, 0.2, noise)) as [number[], number[]]
    const { verdict } = compare({ subject, base, threshold, random })
    if (verdict === 'faster' || verdict === 'slower') found++
  }
  return found
}

const noises: readonly ((random: Random) => Random)[] = [
  gaussian,
  heavyTailed,
  (random) => correlated(0.3, random),
  (random) => correlated(0.6, random),
  (random) => correlated(0.8, random),
]

describe('of 100 comparisons of a backend with itself, at most 5 claim a difference', () => {
  // Over 2000 runs each, it is 2 with independent rounds, and 4.1 with an autocorrelation of 0.3, which is the worst.
  it.each([
    ['round by round', compareRounds],
    ['between two files', compareSamples],
  ] as const)('%s, with all kinds of noise', (_, compare) => {
    const random = seededRandom(2026)
    const found = noises.map((noiseOf) => claims(RUNS, compare, [noiseOf(random), noiseOf(random)], random))
    expect(found.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual((5 / 100) * RUNS * noises.length)
  })
})

describe('a difference of 5 %', () => {
  it('is found in at least 9 of 10 runs under noise of 3 %', () => {
    const random = seededRandom(2028)
    const noise = gaussian(random)
    let found = 0
    for (let run = 0; run < 50; run++) {
      const subject = costs(ROUNDS, 0.03, noise).map((cost) => 1.05 * cost)
      const { verdict } = compareRounds({ subject, base: costs(ROUNDS, 0.03, noise), threshold, random })
      if (verdict === 'slower') found++
    }
    expect(found).toBeGreaterThanOrEqual(45)
  })
})
