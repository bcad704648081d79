import type { Random } from '../../random.ts'
import { blockLength, varianceInflation } from './autocorrelation.ts'
import { ascending, quantile } from './describe.ts'
import type { Interval } from './describe.ts'
import { blockMiddle, independentMiddle } from './resampling.ts'
import type { MiddleRanks } from './resampling.ts'

/**
 * Resamples of a bootstrap. 1000 are the least for a 95 % interval (Efron and Tibshirani 1993, §13.3); with 10,000
 * the ends hardly depend on the seed. zenbench takes as many.
 */
export const BOOTSTRAP_RESAMPLES = 10_000
const FEWEST_RESAMPLES = 1000
/** The resamples of a few values have few different medians, at most n(n + 1)/2, and need not be so many. */
const RESAMPLES_PER_VALUE = 200

/** The quantiles between which 95 % of the resampled figures lie. */
const LOW_END = 0.025
const HIGH_END = 0.975

/**
 * A 95 % interval of the median by the percentile bootstrap (Efron 1979), within the smallest and the largest value.
 * Values are in the order in which they were measured, because those that resemble their neighbours tell less. A
 * single value is its own interval; the interval of nothing is NaN.
 */
export function medianInterval(values: readonly number[], random: Random): Interval {
  return resampledMedians(values, resamplesOf(values.length), random).interval
}

/** A 95 % interval of median(a)/median(b) for two samples that have nothing to do with each other. */
export function ratioInterval(a: readonly number[], b: readonly number[], random: Random): Interval {
  const count = resamplesOf(Math.max(a.length, b.length))
  const below = resampledMedians(b, count, random).medians
  return percentiles(resampledMedians(a, count, random).medians.map((value, i) => value / below[i]!)).interval
}

function resamplesOf(values: number): number {
  return Math.min(BOOTSTRAP_RESAMPLES, Math.max(FEWEST_RESAMPLES, RESAMPLES_PER_VALUE * values))
}

/** Figures of resamples, and the ends between which 95 % of them lie. */
interface Resampled {
  readonly medians: Float64Array
  readonly interval: Interval
}

function percentiles(medians: Float64Array): Resampled {
  const sorted = ascending(medians)
  return { medians, interval: [quantile(sorted, LOW_END), quantile(sorted, HIGH_END)] }
}

/**
 * Where neighbours resemble each other, runs of them are resampled together (Künsch 1989). A short series has too
 * few runs for that: of 30 values with an autocorrelation of 0.8, two of three such intervals hold the median. So
 * the medians of independent resamples are taken as well, with their distance from the middle stretched by what
 * dependence adds to the standard error, and whichever are spread wider are the answer (nine of ten hold it then).
 */
function resampledMedians(values: readonly number[], count: number, random: Random): Resampled {
  const sorted = ascending(values)
  const independent = mediansOf(sorted, count, independentMiddle(values.length, random))
  const stretch = Math.sqrt(varianceInflation(values))
  if (stretch === 1) return percentiles(independent)
  const [least, middle, most] = [sorted[0]!, quantile(sorted, 0.5), sorted.at(-1)!]
  const stretched = percentiles(
    independent.map((value) => Math.min(most, Math.max(least, middle + (value - middle) * stretch))),
  )
  const blocks = percentiles(mediansOf(sorted, count, blockMiddle(values, blockLength(values), random)))
  return width(blocks) > width(stretched) ? blocks : stretched
}

function mediansOf(sorted: Float64Array, count: number, draw: MiddleRanks): Float64Array {
  const medians = new Float64Array(count)
  if (sorted.length === 0) return medians.fill(NaN)
  for (let i = 0; i < medians.length; i++)
    draw((low, high) => {
      medians[i] = sorted[low]! + (sorted[high]! - sorted[low]!) / 2
    })
  return medians
}

function width({ interval: [low, high] }: Resampled): number {
  return high - low
}
