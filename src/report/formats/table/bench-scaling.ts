import type { BenchGap, BenchReport, BenchResult, Crossover } from '../../../measure/report.ts'
import type { Verdict } from '../../../measure/statistics/verdict.ts'
import type { Style } from '../../style.ts'
import { formatNs, threeDigits } from '../../text.ts'
import { caseName, figuresOf, isGap } from './bench-cases.ts'
import type { CaseAtSize } from './bench-cases.ts'
import { factorCell, intervalCell, NONE, nsCell } from './bench-cells.ts'
import { layOutOpen } from './layout.ts'

type SweptCases = ReadonlyMap<string, readonly CaseAtSize[]>

/** Below this many nanoseconds a cost per descriptor is written in picoseconds: at 10,000 of them it still counts. */
const SMALLEST_IN_NS = 0.1

/** Behind a median: whether it can be told apart from that of the fastest backend. */
const marks: Record<Verdict, string> = { faster: ' ', slower: ' ', same: '=', inconclusive: '?' }

/** Medians by size, how they grow, and what one more descriptor costs; then where backends cross. */
export function scalingLines(report: BenchReport, swept: SweptCases, style: Style): string[] {
  if (swept.size === 0) return []
  const legend =
    'growth: from the smallest to the largest size measured; per fd: slope by Theil and Sen; ?: not told apart from the fastest; =: the same'
  return [
    scalingTable(report, swept, style),
    style.dim(legend),
    ...report.crossovers.map((crossover) => crossoverLine(crossover, swept, style)),
  ]
}

function scalingTable({ scaling }: BenchReport, swept: SweptCases, style: Style): string {
  const sizes = [...new Set([...swept.values()].flat().map(({ fds }) => fds))].toSorted((a, b) => a - b)
  const head = [
    'workload',
    'backend',
    ...sizes.map((fds) => `${fds} fds  `),
    'growth',
    'per fd',
    '95 % interval',
  ]
  const rows = [...swept].flatMap(([name, cases]) => {
    const backends = new Set(cases.flatMap(({ entries }) => entries.map(({ backend }) => backend)))
    return [...backends].map((backend, index) => {
      const grown = scaling.find((one) => caseName(one) === name && one.backend === backend)
      return [
        index === 0 ? name : style.dim(name),
        backend,
        ...sizes.map((size) => {
          const atSize = cases.find(({ fds }) => fds === size)
          return medianCell(
            atSize?.entries.find((entry) => entry.backend === backend),
            style,
          )
        }),
        ...(grown === undefined
          ? [NONE, NONE, NONE]
          : [
              style.strong(factorCell(grown.growth)),
              perFdCell(grown.nsPerFd),
              // Two sizes give one slope, which is no interval.
              grown.ci95[0] === grown.ci95[1] ? NONE : intervalCell(grown.ci95, perFdCell),
            ]),
      ]
    })
  })
  return layOutOpen(head, rows, head.map((_, column) => column).slice(2))
}

function medianCell(entry: BenchResult | BenchGap | undefined, style: Style): string {
  if (entry === undefined) return `${NONE}  `
  if (isGap(entry))
    return entry.outcome === 'failed' ? `${style.bad(entry.outcome)}  ` : `${style.dim(NONE)}  `
  const median = nsCell(entry.medianNs)
  return `${median} ${entry.ratio === undefined ? ' ' : style.dim(marks[entry.ratio.verdict])}`
}

function perFdCell(ns: number): string {
  if (!Number.isFinite(ns)) return NONE
  return Math.abs(ns) < SMALLEST_IN_NS ? `${threeDigits(1000 * ns)} ps` : formatNs(ns)
}

function crossoverLine(crossover: Crossover, swept: SweptCases, style: Style): string {
  const { below, above, fds } = crossover
  const name = caseName(crossover)
  const doubtful = doubtfulSizes(crossover, swept.get(name) ?? [])
  if (doubtful.length === 0)
    return `${name}: ${above} is cheaper than ${below} from about ${fds} descriptors on`
  return style.dim(
    `${name}: ${above} and ${below} may cross at about ${fds} descriptors (not told apart at ${doubtful.join(' and ')})`,
  )
}

/** The sizes around a crossing at which the two backends do not differ for certain, as far as they were compared. */
function doubtfulSizes({ below, above, fds }: Crossover, cases: readonly CaseAtSize[]): number[] {
  const around = [cases.findLast((one) => one.fds <= fds), cases.find((one) => one.fds > fds)]
  return around.flatMap((one) => {
    if (one === undefined) return []
    const isDoubtful = figuresOf([one]).some(
      ({ backend, ratio }) =>
        ratio !== undefined &&
        ratio.verdict !== 'slower' &&
        [below, above].includes(backend) &&
        [below, above].includes(ratio.to),
    )
    return isDoubtful ? [one.fds] : []
  })
}
