import type { BenchReport, BenchResult } from '../../../measure/report.ts'
import { workloads } from '../../../workloads/index.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { formatNs, formatRate, plural, printable, threeDigits } from '../../text.ts'
import { layOut, machineLine } from './layout.ts'

/** Where the tax is more than this part of a figure, the figure says more of the tool than of the kernel. */
const TAX_DOMINATES = 0.5

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
  'ratio',
  'call tax',
]
/** The columns that hold numbers. */
const numeric = [2, 3, 4, 5, 6, 7, 8, 9, 10]

export function benchTable(report: BenchReport, { style }: FormatOptions): string {
  const rows = Object.keys(workloads).flatMap((workload) => rowsOf(report, workload, style))
  return `${[
    style.strong(machineLine('bench', report.environment)),
    layOut(head, rows, numeric),
    ...legend(report),
    ...gapLines(report, style),
    ...taxLines(report, style),
    ...noiseLines(report, style),
  ].join('\n')}\n`
}

function rowsOf(report: BenchReport, workload: string, style: Style): string[][] {
  const measured = report.results.filter((result) => result.workload === workload)
  const gaps = report.gaps.filter((gap) => gap.workload === workload)
  return [
    ...measured.map((result) => rowOf(result, style)),
    ...gaps.map(({ backend, fds, outcome }) => [
      workload,
      backend,
      String(fds),
      outcome === 'failed' ? style.bad('failed') : style.dim('unsupported'),
      ...Array<string>(head.length - 4).fill(''),
    ]),
  ]
}

function rowOf(result: BenchResult, style: Style): string[] {
  const share = result.taxNs / result.medianNs
  const tax = `${Math.round(100 * share)} %`
  return [
    result.workload,
    result.backend,
    String(result.fds),
    style.strong(formatNs(result.medianNs)),
    `${formatNs(result.ci95Ns[0])} … ${formatNs(result.ci95Ns[1])}`,
    formatNs(result.p50Ns),
    formatNs(result.p99Ns),
    formatNs(result.maxNs),
    formatRate(result.opsPerSecond),
    result.ratio === undefined ? style.good('1.00') : `${threeDigits(result.ratio.value)} x`,
    share > TAX_DOMINATES ? style.warn(tax) : tax,
  ]
}

function legend(report: BenchReport): string[] {
  const names = new Set(report.results.map(({ workload }) => workload))
  return Object.values(workloads)
    .filter(({ name }) => names.has(name))
    .map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`)
}

function gapLines(report: BenchReport, style: Style): string[] {
  return report.gaps.map(({ workload, backend, outcome, reason }) => {
    const word = outcome === 'failed' ? style.bad(outcome) : style.dim(outcome)
    return `${word}: ${workload} on ${backend}: ${printable(reason)}`
  })
}

function taxLines({ callTax, results }: BenchReport, style: Style): string[] {
  const four = formatNs(callTax.baseNs + 4 * callTax.perArgumentNs)
  const dominated = results.filter(({ taxNs, medianNs }) => taxNs / medianNs > TAX_DOMINATES).length
  const line = `Driver ffi: the native calls are made one by one, and each costs time of its own (${four} with four arguments), which is in every figure.`
  if (dominated === 0) return [line]
  const warning = `In ${plural(dominated, 'figure')} that call tax is more than half: there the tool was measured more than the kernel.`
  return [line, style.warn(warning)]
}

function noiseLines({ noise, durationMs, interrupted, results }: BenchReport, style: Style): string[] {
  const rounds = results.map((result) => result.rounds)
  const line = `${Math.min(...rounds)} to ${Math.max(...rounds)} interleaved rounds in ${threeDigits(durationMs / 1000)} s; the process was preempted ${plural(noise.involuntaryContextSwitches, 'time')}; load ${threeDigits(noise.loadAverage[0])} before, ${threeDigits(noise.loadAverage[1])} after.`
  const lines = results.length === 0 ? [] : [style.dim(line)]
  return interrupted === true ? [...lines, style.warn('Interrupted: not everything was measured.')] : lines
}
