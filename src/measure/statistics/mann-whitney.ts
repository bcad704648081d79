import { rankTestP } from './normal.ts'
import { ranked } from './ranks.ts'

/** Up to here the distribution is counted exactly: C(50, 25) orders are still a whole number of a double. */
const MOST_FOR_EXACT = 50

export interface RankSum {
  /** How often a value of one sample lies below one of the other, counted for the sample where that is rarer. */
  readonly u: number
  /** Two-sided. */
  readonly p: number
}

/**
 * The test of Mann and Whitney (1947) of whether values of one sample tend to be larger than those of another.
 * Exact for up to 50 values without ties, else by the normal approximation with the corrections for ties and
 * continuity. p is 1 where a sample is empty or all values are equal.
 *
 * `inflation` is by how much dependence within the samples widens the variance (1: independent). The exact
 * distribution knows independent values only, so with more than 1 the approximation is taken.
 */
export function mannWhitneyU(a: readonly number[], b: readonly number[], inflation = 1): RankSum {
  const [n, m] = [a.length, b.length]
  if (n === 0 || m === 0) return { u: 0, p: 1 }
  const { ranks, ties } = ranked([...a, ...b])
  const above = ranks.subarray(0, n).reduce((sum, rank) => sum + rank, 0) - (n * (n + 1)) / 2
  const u = Math.min(above, n * m - above)
  const total = n + m
  if (ties === 0 && inflation === 1 && total <= MOST_FOR_EXACT) return { u, p: exactP(u, n, m) }
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)))
  return { u, p: rankTestP(u, (n * m) / 2, variance * inflation) }
}

/** The smallest p that samples of these sizes can reach: both orders without any overlap, of all C(n + m, n). */
export function smallestP(n: number, m: number): number {
  return Math.min(1, 2 / binomial(n + m, n))
}

function binomial(n: number, k: number): number {
  let ways = 1
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i
  return ways
}

/**
 * Of all C(n + m, n) orders of the two samples, twice the part with a statistic of at most `u`. There are as many
 * orders with a statistic of s as partitions of s into at most n parts of at most m (Mann and Whitney 1947), which
 * the Gaussian binomial ∏ (1 - x^(m + i))/(1 - x^i) counts: multiplied and divided here factor by factor.
 */
function exactP(u: number, n: number, m: number): number {
  const ways = new Float64Array(u + 1)
  ways[0] = 1
  for (let i = 1; i <= n; i++) {
    for (let s = u; s >= m + i; s--) ways[s]! -= ways[s - m - i]!
    for (let s = i; s <= u; s++) ways[s]! += ways[s - i]!
  }
  return Math.min(1, (2 * ways.reduce((sum, count) => sum + count, 0)) / binomial(n + m, n))
}
