import type { Interval } from './describe.ts'
export function theilSen(points: readonly (readonly [number, number])[]): { slope: number; intercept: number; ci95: Interval } {
  const slopes: number[] = []
  for (const [i, [x, y]] of points.entries()) for (const [x2, y2] of points.slice(i + 1)) slopes.push((y2 - y) / (x2 - x))
  slopes.sort((a, b) => a - b)
  const slope = slopes[slopes.length >> 1] ?? NaN
  return { slope, intercept: 0, ci95: [slope, slope] }
}
