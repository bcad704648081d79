/**
 * The p values of several tests, corrected for how many there are, in the order given (Holm 1979): of many
 * comparisons, one in twenty would otherwise look significant by chance alone.
 */
export function holm(ps: readonly number[]): number[] {
  const adjusted = ps.map(() => 1)
  let least = 0
  for (const [rank, index] of [...ps.keys()].toSorted((a, b) => ps[a]! - ps[b]!).entries()) {
    least = Math.min(1, Math.max(least, ps[index]! * (ps.length - rank)))
    adjusted[index] = least
  }
  return adjusted
}
