import type { Random } from './random.ts'

/** Resamples of a bootstrap: enough for a 95 % interval to be stable in two digits (Efron and Tibshirani 1993). */
const BOOTSTRAP_RESAMPLES = 2000

/** An interval that holds the true value with 95 % confidence. */
export type Interval = readonly [low: number, high: number]

/** Values in ascending order, which is what quantiles are taken from. */
export function ascending(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort()
}

/** The quantile `q` of sorted values, interpolated linearly (Hyndman and Fan 1996, type 7). NaN of nothing. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const position = (sorted.length - 1) * q
  const below = Math.floor(position)
  const low = sorted[below] ?? NaN
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? NaN
  return low + (high - low) * (position - below)
}

export function median(values: Iterable<number>): number {
  return quantile(ascending(values), 0.5)
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0
  return sum / values.length
}

/** A 95 % interval of the median by the percentile bootstrap. A single value is its own interval. */
export function medianInterval(values: readonly number[], random: Random): Interval {
  const medians = new Float64Array(BOOTSTRAP_RESAMPLES)
  const resample = new Float64Array(values.length)
  for (let i = 0; i < medians.length; i++) {
    for (let j = 0; j < resample.length; j++)
      resample[j] = values[Math.floor(random() * values.length)] ?? NaN
    medians[i] = quantile(resample.sort(), 0.5)
  }
  medians.sort()
  return [quantile(medians, 0.025), quantile(medians, 0.975)]
}
