import { rankTestP } from './normal.ts'
import { ranked } from './ranks.ts'

/** Up to here every distribution is counted exactly: 2^50 sign patterns are still whole numbers of a double. */
const MOST_FOR_EXACT = 50

export interface SignedRank {
  /** The smaller of the two sums of ranks, of the positive and of the negative differences. */
  readonly w: number
  /** Two-sided. */
  readonly p: number
}

/**
 * Wilcoxon's signed-rank test of whether differences lie evenly around 0 (Wilcoxon 1945). Zeros are left out, as he
 * did. Exact for up to 50 differences without ties, else by the normal approximation with the corrections for
 * ties and continuity. p is 1 where nothing differs.
 *
 * `inflation` is by how much dependence between the differences widens the variance (1: independent). The exact
 * distribution knows independent differences only, so with more than 1 the approximation is taken.
 */
export function wilcoxonSignedRank(differences: readonly number[], inflation = 1): SignedRank {
  const nonzero = differences.filter((difference) => difference !== 0)
  const n = nonzero.length
  if (n === 0) return { w: 0, p: 1 }
  const { ranks, ties } = ranked(nonzero.map(Math.abs))
  const positive = ranks.reduce((sum, rank, i) => (nonzero[i]! > 0 ? sum + rank : sum), 0)
  const w = Math.min(positive, (n * (n + 1)) / 2 - positive)
  if (ties === 0 && inflation === 1 && n <= MOST_FOR_EXACT) return { w, p: exactP(w, n) }
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - ties / 48
  return { w, p: rankTestP(w, (n * (n + 1)) / 4, variance * inflation) }
}

/** Of all 2^n ways to give signs to the ranks, twice the part whose positive ranks sum up to at most `w`. */
function exactP(w: number, n: number): number {
  const ways = new Float64Array(w + 1)
  ways[0] = 1
  for (let rank = 1; rank <= n; rank++) for (let sum = w; sum >= rank; sum--) ways[sum]! += ways[sum - rank]!
  return Math.min(1, (2 * ways.reduce((sum, count) => sum + count, 0)) / 2 ** n)
}
