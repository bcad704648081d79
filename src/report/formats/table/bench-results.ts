import type { BenchGap, BenchResult } from '../../../measure/report.ts'
import type { Style } from '../../style.ts'
import { formatRate } from '../../text.ts'
import { figuresOf, isGap } from './bench-cases.ts'
import type { CaseAtSize } from './bench-cases.ts'
import {
  baseCell,
  intervalCell,
  NONE,
  nsCell,
  percentCell,
  percentileCell,
  ratioCell,
  ratioHead,
} from './bench-cells.ts'
import { layOutOpen } from './layout.ts'

/** Where the tool's own cost is more than this part of a figure, the figure says more of the tool than of the kernel. */
export const OWN_COST_DOMINATES = 0.5

/** Which part of a figure is the tool's own. */
export function ownShare({ taxNs, medianNs }: BenchResult): number {
  return taxNs / medianNs
}

/** The first two columns are names, the others numbers. */
const head = [
  'workload',
  'backend',
  'fds',
  'median',
  '95 % interval',
  'p50',
  'p99',
  'max',
  'rate',
  ratioHead,
  'cpu',
  'own',
]
const numeric = head.map((_, column) => column).slice(2)

/** A row for every figure and every gap. `paced` are the names of cases whose cycles keep to a clock. */
export function resultsTable(cases: readonly CaseAtSize[], paced: ReadonlySet<string>, style: Style): string {
  const rows = cases.flatMap((one) => {
    const how = { isCompared: figuresOf([one]).length > 1, isPaced: paced.has(one.name), style }
    return one.entries.map((entry, index) => [
      index === 0 ? one.name : style.dim(one.name),
      ...(isGap(entry) ? gapCells(entry, style) : resultCells(entry, how)),
    ])
  })
  return layOutOpen(head, rows, numeric)
}

/** How the row of a figure is written. */
interface RowOptions {
  /** Whether there is another backend to compare it with. */
  readonly isCompared: boolean
  /** Its rate is the clock's, not what the backend can do. */
  readonly isPaced: boolean
  readonly style: Style
}

function gapCells({ backend, fds, outcome }: BenchGap, style: Style): string[] {
  const word = outcome === 'failed' ? style.bad(outcome) : style.dim(outcome)
  return [backend, String(fds), word, ...Array<string>(head.length - 4).fill('')]
}

function resultCells(result: BenchResult, { isCompared, isPaced, style }: RowOptions): string[] {
  const share = ownShare(result)
  // Of what threads call nobody keeps count.
  const own = result.callsPerCycle === 0 ? NONE : percentCell(share)
  return [
    result.backend,
    String(result.fds),
    style.strong(nsCell(result.medianNs)),
    intervalCell(result.ci95Ns),
    percentileCell(result, 'p50Ns', result.samples),
    percentileCell(result, 'p99Ns', result.samples),
    nsCell(result.maxNs),
    isPaced || !Number.isFinite(result.opsPerSecond) ? NONE : formatRate(result.opsPerSecond),
    ratioOf(result, isCompared, style),
    nsCell(result.cpuNs),
    share > OWN_COST_DOMINATES ? style.warn(own) : own,
  ]
}

function ratioOf({ ratio }: BenchResult, isCompared: boolean, style: Style): string {
  if (ratio !== undefined) return ratioCell(ratio, style)
  return isCompared ? baseCell(style) : ''
}

const sampleHead = [
  'workload',
  'backend',
  'fds',
  'rounds',
  'cycles',
  'samples',
  'calls',
  'ev/call',
  'min',
  'mean',
  'p90',
  'p99.9',
  'outliers',
  'severe',
  'drift',
]
const sampleNumeric = sampleHead.map((_, column) => column).slice(2)

/** With --verbose: what figures were made of. */
export function samplesTable(cases: readonly CaseAtSize[], style: Style): string {
  const rows = cases.flatMap((one) =>
    figuresOf([one]).map((result, index) => [
      index === 0 ? one.name : style.dim(one.name),
      ...sampleCells(result, style),
    ]),
  )
  return layOutOpen(sampleHead, rows, sampleNumeric)
}

/** What its less common columns mean. */
export function samplesLegend(style: Style): string[] {
  return [style.dim('calls: system calls for an event; ev/call: events for a system call')]
}

function sampleCells(result: BenchResult, style: Style): string[] {
  const { samples, outliers, drift, callsPerCycle, eventsPerCycle } = result
  return [
    result.backend,
    String(result.fds),
    String(result.rounds),
    String(result.cycles),
    String(samples),
    quotient(callsPerCycle, eventsPerCycle),
    quotient(eventsPerCycle, callsPerCycle),
    nsCell(result.minNs),
    nsCell(result.meanNs),
    percentileCell(result, 'p90Ns', samples),
    percentileCell(result, 'p999Ns', samples),
    String(outliers.mild + outliers.severe),
    String(outliers.severe),
    drift === undefined ? NONE : style.warn(signed(drift)),
  ]
}

/** How many system calls an event takes, or how many events a call brings: `3`, `0.02`. */
export function quotient(a: number, b: number): string {
  return b === 0 ? NONE : String(Number((a / b).toPrecision(3)))
}

/** A correlation: `+0.72`. */
export function signed(correlation: number): string {
  return `${correlation < 0 ? '-' : '+'}${Math.abs(correlation).toFixed(2)}`
}
