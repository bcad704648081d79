import { ascending, median, quantile } from './describe.ts'
import type { Interval } from './describe.ts'

/** The quantile of the normal distribution that leaves 2.5 % above it. */
const NORMAL_97_5 = 1.959963984540054

/** A measured figure `y` at a size `x`. */
export interface Point {
  readonly x: number
  readonly y: number
}

export interface Line {
  readonly slope: number
  readonly intercept: number
  /** Of the slope. */
  readonly ci95: Interval
}

/** Where two curves cross: `x`, and which of them is the lower one below it. */
export interface Crossing {
  readonly x: number
  readonly lowerBefore: 'first' | 'second'
}

/**
 * The line through points by Theil (1950) and Sen (1968): the median of the slopes between all pairs of different x,
 * and the median of what is left of y at 0; up to 29 % of the points may be wild. The interval is Sen's, from the
 * normal approximation of Kendall's statistic; of fewer than five points no interval reaches 95 %, and it is then
 * that of all slopes. NaN where all x are equal.
 */
export function theilSen(points: readonly Point[]): Line {
  const slopes = ascending(
    points.flatMap((a, i) =>
      points.slice(i + 1).flatMap((b) => (a.x === b.x ? [] : [(b.y - a.y) / (b.x - a.x)])),
    ),
  )
  const slope = quantile(slopes, 0.5)
  const intercept = median(points.map(({ x, y }) => y - slope * x))
  const reach = NORMAL_97_5 * Math.sqrt(kendallVariance(points))
  const last = slopes.length - 1
  const low = Math.max(0, Math.round((slopes.length - reach) / 2) - 1)
  const high = Math.min(last, Math.round((slopes.length + reach) / 2))
  return { slope, intercept, ci95: [slopes[low] ?? NaN, slopes[high] ?? NaN] }
}

/**
 * Where two measured curves cross for good: linearly between the two neighbouring sizes where their order changes
 * last. Only sizes that both have count. Undefined where one is the lower one all along.
 */
export function crossing(first: readonly Point[], second: readonly Point[]): Crossing | undefined {
  const ys = new Map(second.map(({ x, y }) => [x, y]))
  const gaps = first
    .flatMap(({ x, y }) => (ys.has(x) ? [{ x, gap: y - ys.get(x)! }] : []))
    .filter(({ gap }) => gap !== 0)
    .toSorted((a, b) => a.x - b.x)
  const last = gaps.findLastIndex(({ gap }, i) => i > 0 && Math.sign(gap) !== Math.sign(gaps[i - 1]!.gap))
  if (last === -1) return undefined
  const [before, after] = [gaps[last - 1]!, gaps[last]!]
  const part = before.gap / (before.gap - after.gap)
  return { x: before.x + part * (after.x - before.x), lowerBefore: before.gap < 0 ? 'first' : 'second' }
}

/** The variance of Kendall's statistic for points of any y, with what groups of equal x and equal y take from it. */
function kendallVariance(points: readonly Point[]): number {
  const term = (n: number): number => n * (n - 1) * (2 * n + 5)
  const tied = (values: readonly number[]): number => {
    const sizes = new Map<number, number>()
    for (const value of values) sizes.set(value, (sizes.get(value) ?? 0) + 1)
    return [...sizes.values()].reduce((sum, size) => sum + term(size), 0)
  }
  return (
    Math.max(0, term(points.length) - tied(points.map(({ x }) => x)) - tied(points.map(({ y }) => y))) / 18
  )
}
