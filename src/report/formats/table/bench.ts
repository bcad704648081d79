import type { BenchReport } from '../../../measure/report.ts'
import { workloads } from '../../../workloads/index.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { plural, printable } from '../../text.ts'
import { caseName, casesOf, isGap, sweptCases } from './bench-cases.ts'
import type { CaseAtSize } from './bench-cases.ts'
import { herdLines, libeventLines, openLoopLines } from './bench-details.ts'
import { gapLines } from './bench-gaps.ts'
import { controlLines, driftLines, driverLines, noiseLines, setupLines } from './bench-notes.ts'
import { resultsTable, samplesLegend, samplesTable } from './bench-results.ts'
import { poolLines, runtimeLines } from './bench-runtime.ts'
import { scalingLines } from './bench-scaling.ts'
import { machineLine } from './layout.ts'

/** Figures first, then what they mean and why some are missing, then what they are worth. */
export function benchTable(report: BenchReport, options: FormatOptions): string {
  const { style, verbose } = options
  const cases = casesOf(report)
  const swept = sweptCases(cases)
  // In a sweep a case has a line for all sizes; every single figure only with --verbose.
  const shown = verbose ? cases : cases.filter(({ name }) => !swept.has(name))
  const sections = [
    shown.length === 0 ? [] : [resultsTable(shown, new Set(report.openLoop.map(caseName)), style)],
    scalingLines(report, swept, style),
    runtimeLines(cases, style),
    poolLines(cases),
    herdLines(cases),
    libeventLines(cases),
    openLoopLines(report.openLoop, style),
    verbose && report.results.length > 0 ? [samplesTable(cases, style), ...samplesLegend(style)] : [],
    legend(cases, style),
    gapLines(report.gaps, style),
    [
      ...controlLines(report, options),
      ...driftLines(report, options),
      ...driverLines(report, style),
      ...noiseLines(report, cases, style),
      ...setupLines(report),
      ...(report.interrupted === true ? [style.warn('Interrupted: not everything was measured.')] : []),
    ],
  ]
  const blocks = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  return `${[style.strong(machine(report)), ...blocks].join('\n\n')}\n`
}

function machine({ environment }: BenchReport): string {
  const { model, count, usable } = environment.platform.cpus
  const processors =
    usable === count ? plural(count, 'processor') : `${usable} of ${plural(count, 'processor')}`
  const parts = [machineLine('bench', environment), ...(model === null ? [] : [printable(model)]), processors]
  return parts.join(' · ')
}

/** What the workloads with a figure do, and what the columns are. */
function legend(cases: readonly CaseAtSize[], style: Style): string[] {
  const measured = cases.filter(({ entries }) => entries.some((entry) => !isGap(entry)))
  if (measured.length === 0) return []
  const names = new Set(measured.map(({ workload }) => workload))
  const known = Object.values(workloads).filter(({ name }) => names.has(name))
  const width = Math.max(0, ...known.map(({ name }) => name.length))
  return [
    ...known.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`),
    'median: of the means of rounds; p50, p99, max: of single cycles, - with fewer samples than 10/(1-p); ratio: to the fastest, ?: inconclusive',
    "cpu: user and system time, preparations included; own: evloop's part of the median; rate: 1/median",
  ].map((line) => style.dim(line))
}
