/** What a sweep over several sizes says: how costs grow, and where one backend becomes cheaper than another. */
import type { BackendName } from '../backends/index.ts'
import type { BenchResult, Crossover, Scaling } from './report.ts'
import { crossing, theilSen } from './statistics/theil-sen.ts'
import type { Point } from './statistics/theil-sen.ts'

/** A backend's figures of one workload, by size. */
interface Curve {
  readonly workload: string
  readonly variant?: string
  readonly backend: BackendName
  /** In ascending order of size. */
  readonly results: readonly BenchResult[]
}

/** A line needs two points; with three it can be wrong. */
const FEWEST_SIZES = 2

function curvesOf(results: readonly BenchResult[]): Curve[] {
  const curves = new Map<string, Curve & { readonly results: BenchResult[] }>()
  for (const result of results) {
    const { workload, variant, backend } = result
    const key = [workload, variant, backend].join('|')
    const curve = curves.get(key)
    const head = { workload, ...(variant === undefined ? {} : { variant }), backend }
    if (curve === undefined) curves.set(key, { ...head, results: [result] })
    else curve.results.push(result)
  }
  return [...curves.values()]
    .filter((curve) => new Set(curve.results.map(({ fds }) => fds)).size >= FEWEST_SIZES)
    .map((curve) => ({ ...curve, results: curve.results.toSorted((a, b) => a.fds - b.fds) }))
}

/** The cost of one more descriptor, for every workload and backend that was measured at several sizes. */
export function scalingOf(results: readonly BenchResult[]): Scaling[] {
  return curvesOf(results).map((curve) => {
    const { slope, intercept, ci95 } = theilSen(pointsOf(curve))
    const { results: _, ...head } = curve
    const growth = (curve.results.at(-1)?.medianNs ?? NaN) / (curve.results[0]?.medianNs ?? NaN)
    return { ...head, nsPerFd: slope, ci95, baseNs: intercept, growth }
  })
}

/** Where the measured curves of two backends cross, between the two sizes around it. */
export function crossoversOf(results: readonly BenchResult[]): Crossover[] {
  const curves = curvesOf(results)
  return curves.flatMap((one, index) =>
    curves
      .slice(index + 1)
      .filter(({ workload, variant }) => workload === one.workload && variant === one.variant)
      .flatMap((other) => crossings(one, other)),
  )
}

function crossings(one: Curve, other: Curve): Crossover[] {
  const { results: _, backend: __, ...head } = one
  const crossed = crossing(pointsOf(one), pointsOf(other))
  if (crossed === undefined) return []
  const [below, above] =
    crossed.lowerBefore === 'first' ? [one.backend, other.backend] : [other.backend, one.backend]
  return [{ ...head, below, above, fds: Math.round(crossed.x) }]
}

function pointsOf({ results }: Curve): Point[] {
  return results.map(({ fds, medianNs }) => ({ x: fds, y: medianNs }))
}
