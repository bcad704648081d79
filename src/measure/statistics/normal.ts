/** Beyond this the power series needs too many terms, and the continued fraction few. */
const SERIES_UNTIL = 3

/** The continued fraction has converged to the last bit by then, at `SERIES_UNTIL` and beyond. */
const FRACTION_TERMS = 100

/**
 * The chance that a standard normal variable is at least as far from 0 as `z`: the power series of
 * Abramowitz and Stegun 26.2.11, and the continued fraction 26.2.14 where that is large.
 */
export function twoSidedNormalP(z: number): number {
  const x = Math.abs(z)
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  if (x < SERIES_UNTIL) {
    let sum = 0
    let term = x
    for (let n = 1; sum + term !== sum; n++) {
      sum += term
      term *= (x * x) / (2 * n + 1)
    }
    return 1 - 2 * density * sum
  }
  let fraction = x
  for (let n = FRACTION_TERMS; n > 0; n--) fraction = x + n / fraction
  return (2 * density) / fraction
}

/**
 * The two-sided p of a rank statistic by its normal approximation, with the correction for continuity: the
 * statistic grows in steps, and half a step is taken off its distance from the mean.
 */
export function rankTestP(statistic: number, expected: number, variance: number): number {
  const distance = Math.max(0, Math.abs(statistic - expected) - 0.5)
  return distance === 0 ? 1 : twoSidedNormalP(distance / Math.sqrt(variance))
}
