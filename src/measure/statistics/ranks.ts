/** The ranks of values from 1 up; equal values share the mean of the ranks that they take. */
export interface Ranking {
  /** In the order of the values. */
  readonly ranks: Float64Array
  /** The sum of t³ - t over all groups of t equal values: what ties take from the variance of rank tests. */
  readonly ties: number
}

/** Ranks values; the order of equal ones does not matter. */
export function ranked(values: ArrayLike<number>): Ranking {
  const order = rankOrder(values)
  const ranks = new Float64Array(values.length)
  let ties = 0
  for (let start = 0; start < order.length;) {
    let end = start + 1
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++
    const size = end - start
    ties += size ** 3 - size
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + 1 + end) / 2
    start = end
  }
  return { ranks, ties }
}

/** The indices of values, from that of the smallest value to that of the largest. */
export function rankOrder(values: ArrayLike<number>): Uint32Array {
  return Uint32Array.from(values, (_, index) => index).sort((a, b) => values[a]! - values[b]!)
}
