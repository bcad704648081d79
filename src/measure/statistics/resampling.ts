import type { Random } from '../../random.ts'
import { rankOrder } from './ranks.ts'

/** The ranks, from 0, of the two middle values of a resample; of the one middle value twice. */
export type MiddleRanks = (resample: (low: number, high: number) => void) => void

/**
 * Draws the middle of n independent draws from n values. The ranks of the middle values have a distribution that
 * can be written down (Efron 1979, §3), so that two random numbers do for a resample of any size.
 *
 * At least m of n draws have a rank of at most i as often as at least m of n throws succeed at odds of (i + 1)/n;
 * that gives the lower one, the m-th. Given that it is i, the other n - m draws all lie above t in proportion
 * to (1 - (t + 1)/n)^(n - m), which gives the upper one.
 */
export function independentMiddle(n: number, random: Random): MiddleRanks {
  const m = (n + 1) >> 1
  const above = n - m
  const waysLog = logBinomial(n, m)
  const reached = new Float64Array(n)
  const scaleLog = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    reached[i] = chanceOfAtLeast(m, n, (i + 1) / n, waysLog)
    const chance = reached[i]! - (reached[i - 1] ?? 0)
    const highestIsI = m * Math.log((i + 1) / n) + Math.log1p(-((i / (i + 1)) ** m))
    scaleLog[i] = waysLog + highestIsI - Math.log(chance)
  }
  return (resample) => {
    const low = firstAbove(reached, random())
    if (n % 2 === 1) return resample(low, low)
    const empty = Math.exp((Math.log(random()) - scaleLog[low]!) / above)
    resample(low, Math.max(low, Math.ceil(n * (1 - empty)) - 1))
  }
}

/**
 * Draws runs of neighbouring values until there are n again, and finds the middle by counting how often each rank
 * came up, which takes the place of sorting. A run goes on at the start when it comes to the end (Politis and
 * Romano 1992), so that no value is drawn less often than others.
 */
export function blockMiddle(values: readonly number[], length: number, random: Random): MiddleRanks {
  const n = values.length
  const drawn = new Uint32Array(n)
  const rankAt = new Uint32Array(n + length)
  for (const [rank, at] of rankOrder(values).entries()) rankAt[at] = rank
  rankAt.copyWithin(n, 0, length)
  return (resample) => {
    drawn.fill(0)
    for (let left = n; left > 0; left -= length) {
      const start = Math.floor(random() * n)
      const end = start + Math.min(length, left)
      for (let i = start; i < end; i++) drawn[rankAt[i]!]!++
    }
    let rank = -1
    let passed = 0
    while (passed < (n + 1) >> 1) passed += drawn[++rank]!
    const low = rank
    while (passed < (n >> 1) + 1) passed += drawn[++rank]!
    resample(low, rank)
  }
}

/** The chance of at least m successes in n throws; `waysLog` is the logarithm of C(n, m). */
function chanceOfAtLeast(m: number, n: number, odds: number, waysLog: number): number {
  if (odds >= 1) return 1
  let chance = Math.exp(waysLog + m * Math.log(odds) + (n - m) * Math.log1p(-odds))
  let sum = 0
  for (let k = m; k <= n; k++) {
    sum += chance
    chance *= ((n - k) / (k + 1)) * (odds / (1 - odds))
  }
  return sum
}

function logBinomial(n: number, k: number): number {
  let sum = 0
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i)
  return sum
}

/** The first index of ascending values at which they are above `limit`, found by halving. */
function firstAbove(values: Float64Array, limit: number): number {
  let first = 0
  let end = values.length - 1
  while (first < end) {
    const middle = (first + end) >> 1
    if (values[middle]! > limit) end = middle
    else first = middle + 1
  }
  return first
}
