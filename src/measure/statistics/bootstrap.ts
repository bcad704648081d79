import type { Random } from '../random.ts'
import { blockLength } from './autocorrelation.ts'
import { ascending, quantile } from './describe.ts'
import type { Interval } from './describe.ts'
import { blockMiddle, independentMiddle } from './resampling.ts'

/**
 * Resamples of a bootstrap. 1000 are the least for a 95 % interval (Efron and Tibshirani 1993, §13.3); with 10,000
 * the ends hardly depend on the seed. zenbench takes as many.
 */
export const BOOTSTRAP_RESAMPLES = 10_000

/** The quantiles between which 95 % of the resampled figures lie. */
const LOW_END = 0.025
const HIGH_END = 0.975

/**
 * A 95 % interval of the median by the percentile bootstrap (Efron 1979). Values are in the order in which they
 * were measured: where neighbours resemble each other, runs of them are resampled together (Künsch 1989). A single
 * value is its own interval; the interval of nothing is NaN.
 */
export function medianInterval(values: readonly number[], random: Random): Interval {
  return percentiles(resampledMedians(values, random))
}

/** A 95 % interval of median(a)/median(b) for two samples that have nothing to do with each other. */
export function ratioInterval(a: readonly number[], b: readonly number[], random: Random): Interval {
  const below = resampledMedians(b, random)
  return percentiles(resampledMedians(a, random).map((value, i) => value / below[i]!))
}

function percentiles(figures: Float64Array): Interval {
  const sorted = figures.sort()
  return [quantile(sorted, LOW_END), quantile(sorted, HIGH_END)]
}

function resampledMedians(values: readonly number[], random: Random): Float64Array {
  const medians = new Float64Array(BOOTSTRAP_RESAMPLES)
  if (values.length === 0) return medians.fill(NaN)
  const sorted = ascending(values)
  const length = blockLength(values)
  const draw =
    length === 1 ? independentMiddle(values.length, random) : blockMiddle(values, length, random)
  for (let i = 0; i < medians.length; i++)
    draw((low, high) => {
      medians[i] = sorted[low]! + (sorted[high]! - sorted[low]!) / 2
    })
  return medians
}
