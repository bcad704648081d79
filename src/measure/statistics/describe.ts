/** An interval that holds the true value with 95 % confidence. */
export type Interval = readonly [low: number, high: number]

/**
 * How many interquartile ranges beyond the quartiles a value has to lie to be a mild and a severe outlier
 * (Tukey 1977, Exploratory Data Analysis; criterion.rs uses the same fences).
 */
const MILD_FENCE = 1.5
const SEVERE_FENCE = 3

/** How many values lie beyond Tukey's fences. A severe outlier is not counted as a mild one too. */
export interface Outliers {
  readonly mild: number
  readonly severe: number
}

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

/** The middle value, or the mean of the two middle ones. NaN of nothing. */
export function median(values: Iterable<number>): number {
  return quantile(ascending(values), 0.5)
}

/** The arithmetic mean. NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0
  return sum / values.length
}

/**
 * The geometric mean of positive values: the only mean of ratios that does not depend on what they are taken of
 * (Fleming and Wallace 1986). NaN of nothing.
 */
export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(mean(ratios.map(Math.log)))
}

/** Classifies values by Tukey's fences. It only counts: nobody may leave an outlier out of a percentile. */
export function outliers(values: Iterable<number>): Outliers {
  const sorted = ascending(values)
  const lower = quantile(sorted, 0.25)
  const upper = quantile(sorted, 0.75)
  const beyond = (fence: number): number => {
    const reach = fence * (upper - lower)
    return sorted.filter((value) => value < lower - reach || value > upper + reach).length
  }
  const severe = beyond(SEVERE_FENCE)
  return { mild: beyond(MILD_FENCE) - severe, severe }
}
