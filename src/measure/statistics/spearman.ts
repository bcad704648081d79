import { twoSidedNormalP } from './normal.ts'
import { ranked } from './ranks.ts'

/** zenbench warns of a drift where rounds and values correlate more than this; fio has its slope rule for the same. */
const DRIFT_THRESHOLD = 0.5

/** The level of significance of a drift; by custom since Fisher (1925). */
const DRIFT_ALPHA = 0.05

/**
 * Spearman's rank correlation (Spearman 1904), from -1 to 1: how far ys grow where xs grow, by whatever law. Equal
 * values share their ranks. 0 where all xs or all ys are equal.
 *
 * @throws {RangeError} If there are not as many ys as xs.
 */
export function spearman(xs: readonly number[], ys: readonly number[]): number {
  if (xs.length !== ys.length) throw new RangeError(`${xs.length} values do not pair with ${ys.length}`)
  const [x, y] = [ranked(xs).ranks, ranked(ys).ranks]
  const middle = (xs.length + 1) / 2
  const products = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, rank, i) => sum + (rank - middle) * (b[i]! - middle), 0)
  const scale = Math.sqrt(products(x, x) * products(y, y))
  return scale === 0 ? 0 : products(x, y) / scale
}

/**
 * The rank correlation of values with the order in which they were measured, if it is so large that the values
 * drift, and too large for chance. Without a drift its variance is 1/(n - 1) (Kendall 1948), and its distribution
 * near enough to normal: of 6 and of 10 independent values, 3.5 % and 4.5 % of series look like a drift.
 */
export function drift(values: readonly number[]): number | undefined {
  const rho = spearman([...values.keys()], values)
  const significant = twoSidedNormalP(rho * Math.sqrt(values.length - 1)) < DRIFT_ALPHA
  return Math.abs(rho) > DRIFT_THRESHOLD && significant ? rho : undefined
}
