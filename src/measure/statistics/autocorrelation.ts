import { ranked } from './ranks.ts'

/**
 * Above this, rounds are not taken as independent of one another. About one standard error of the
 * autocorrelation of 30 independent rounds (1/√30, Bartlett 1946), so that it errs on the careful side.
 */
const AUTOCORRELATION_THRESHOLD = 0.2

/** Beyond this a series is a drift rather than noise, and formulas that divide by 1 - r have no sense left. */
const LARGEST_AUTOCORRELATION = 0.99

/**
 * How far each value resembles the one before it, from -1 to 1: the lag-1 autocorrelation of the ranks
 * (Wald and Wolfowitz 1943), which outliers do not hide and which is the same for values and their logarithms.
 * Corrected for the bias of short series, which is -(1 + 4r)/n (Marriott and Pope 1954, Kendall 1954).
 */
export function autocorrelation(values: readonly number[]): number {
  const n = values.length
  const { ranks } = ranked(values)
  const middle = (n + 1) / 2
  let squares = 0
  let products = 0
  for (let i = 0; i < n; i++) {
    const deviation = ranks[i]! - middle
    squares += deviation ** 2
    if (i > 0) products += deviation * (ranks[i - 1]! - middle)
  }
  if (squares === 0 || n <= 4) return 0
  const corrected = (products / squares + 1 / n) / (1 - 4 / n)
  return Math.max(-LARGEST_AUTOCORRELATION, Math.min(LARGEST_AUTOCORRELATION, corrected))
}

/**
 * By how much dependence widens the variance of a mean, or of a rank sum; 1 below the threshold. Values of a
 * first-order process tell as much as n (1 - r)/(1 + r) independent ones (Bayley and Hammersley 1946). Two of these
 * go for what is estimated, which widens the normal distribution as few degrees of freedom widen Student's.
 */
export function varianceInflation(values: readonly number[]): number {
  const r = autocorrelation(values)
  if (r <= AUTOCORRELATION_THRESHOLD) return 1
  return values.length / Math.max(1, (values.length * (1 - r)) / (1 + r) - 2)
}

/**
 * How many values in a row have to be resampled together. √6 r/(1 - r²) to the power of 2/3, times the cube root
 * of n, is the best length for a first-order process (Carlstein 1986; Politis and White 2004). 1 below the threshold.
 */
export function blockLength(values: readonly number[]): number {
  const r = autocorrelation(values)
  if (r <= AUTOCORRELATION_THRESHOLD) return 1
  const best = ((Math.sqrt(6) * r) / (1 - r * r)) ** (2 / 3) * Math.cbrt(values.length)
  return Math.max(1, Math.min(Math.round(best), Math.floor(values.length / 2)))
}
