import { median } from '../statistics/describe.ts'
import type { Interval } from '../statistics/describe.ts'
import type { SavedReport, SavedResult } from './schema.ts'

/** What computing a figure in another order may change in it, as a fraction. */
const ROUNDING = 1e-6

/** What percentiles have to be in the order of. */
const ascendingFigures = ['minNs', 'p50Ns', 'p90Ns', 'p99Ns', 'p999Ns', 'maxNs'] as const

/** The first thing in which a report contradicts itself, which no schema can say. */
export function contradictionOf(report: SavedReport): string | undefined {
  return (
    firstOf(report.results, (result, i) => inResult(result, `results[${i}]`)) ??
    repetition(report.results) ??
    firstOf(report.control, ({ ci95 }, i) => inInterval(ci95, `control[${i}].ci95`)) ??
    firstOf(report.scaling, ({ ci95 }, i) => inInterval(ci95, `scaling[${i}].ci95`))
  )
}

function inResult(result: SavedResult, path: string): string | undefined {
  const { rounds, roundNs, medianNs } = result
  if (roundNs.length !== rounds) {
    return `${path}.roundNs has ${roundNs.length} rounds; expected as many as ${path}.rounds says, ${rounds}`
  }
  const middle = median(roundNs)
  if (Math.abs(middle / medianNs - 1) > ROUNDING) {
    return `${path}.medianNs is ${medianNs}; expected the median of its rounds, ${middle}`
  }
  return (
    inInterval(result.ci95Ns, `${path}.ci95Ns`) ??
    (result.ratio === undefined ? undefined : inInterval(result.ratio.ci95, `${path}.ratio.ci95`)) ??
    (result.difference === undefined
      ? undefined
      : inInterval(result.difference.ci95Ns, `${path}.difference.ci95Ns`)) ??
    firstOf(ascendingFigures.slice(1), (figure, i) => {
      const below = ascendingFigures[i] ?? figure
      if (result[below] <= result[figure] * (1 + ROUNDING)) return undefined
      return `${path}.${figure} is ${result[figure]}; expected at least ${path}.${below}, ${result[below]}`
    })
  )
}

function inInterval([low, high]: Interval, path: string): string | undefined {
  return low <= high ? undefined : `${path} is ${low} … ${high}; expected its low end first`
}

function repetition(results: readonly SavedResult[]): string | undefined {
  const seen = new Map<string, number>()
  return firstOf(results, ({ workload, variant, fds, backend }, i) => {
    const key = JSON.stringify([workload, variant, fds, backend])
    const first = seen.get(key)
    seen.set(key, i)
    return first === undefined
      ? undefined
      : `results[${i}] is a second result for what results[${first}] is of`
  })
}

function firstOf<T>(
  items: readonly T[],
  find: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index)
    if (found !== undefined) return found
  }
  return undefined
}
