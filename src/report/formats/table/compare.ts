import type {
  ComparedFile,
  CompareReport,
  Difference,
  Figure,
  FigureComparison,
  Gate,
  OtherFile,
  Side,
  Unmatched,
} from '../../../measure/compare/report.ts'
import type { Verdict } from '../../../measure/statistics/verdict.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { formatNs, plural, printable, threeDigits } from '../../text.ts'
import { layOutOpen } from './layout.ts'

/** Smaller p are not told apart. */
const SMALLEST_P = 0.001
/** Changes by more than this are easier to read as a factor. */
const LARGEST_AS_PERCENT = 10

/** How many names are in a line that says what was not compared. */
const MOST_NAMES = 6

const head = [
  'workload',
  'backend',
  'fds',
  'base',
  'now',
  'change',
  '95 % interval',
  'p',
  'rounds',
  'verdict',
]
const numeric = [2, 3, 4, 5, 6, 7, 8]

/** In the layout of benchstat: both figures with their spread, and a change only where one is established. */
export function compareTable(report: CompareReport, options: FormatOptions): string {
  const { style } = options
  const lines = [style.strong(`evloop compare · base ${fileLine(report.base)}`)]
  for (const other of report.others) lines.push(...otherLines(other, report, options))
  if (report.gate !== undefined) lines.push(gateLine(report.gate, style))
  return `${lines.join('\n')}\n`
}

function fileLine({ file, os, kernel, arch, toolVersion, startedAt, interrupted }: ComparedFile): string {
  const parts = [file, `${os} ${kernel} ${arch}`, `evloop ${toolVersion}`, startedAt]
  return printable([...parts, ...(interrupted === true ? ['interrupted'] : [])].join(' · '))
}

function otherLines(other: OtherFile, report: CompareReport, { style, verbose }: FormatOptions): string[] {
  const { comparisons } = other
  const rows = [...comparisons.map((one) => rowOf(one, style)), ...meanRows(other)]
  return [
    style.strong(fileLine(other)),
    comparisons.length === 0 ? style.warn('There is nothing to compare.') : layOutOpen(head, rows, numeric),
    ...differenceLines(other.differences, report.acrossMachines, style),
    ...other.failed.map((one) => `${style.bad('failed')}: ${nameOf(one)}: ${printable(one.reason)}`),
    ...reasonLines('not comparable', other.notComparable, verbose),
    ...reasonLines('only in the base', other.onlyInBase, verbose),
    ...(other.onlyInOther.length === 0 ? [] : [`not in the base: ${namesOf(other.onlyInOther, verbose)}`]),
    ...doubtLines(comparisons, report.threshold, style),
  ]
}

function rowOf(one: FigureComparison, style: Style): string[] {
  const [low, high] = one.ci95
  const established = one.verdict === 'faster' || one.verdict === 'slower'
  return [
    printable(one.variant === undefined ? one.workload : `${one.workload} (${one.variant})`),
    printable(one.backend),
    String(one.fds),
    sideCell(one.base),
    sideCell(one.other),
    established ? change(one.value) : '~',
    `${change(low)} … ${change(high)}`,
    one.p < SMALLEST_P ? `<${SMALLEST_P}` : one.p.toFixed(3),
    `${one.base.rounds}+${one.other.rounds}`,
    verdictCell(one.verdict, style),
  ]
}

function verdictCell(verdict: Verdict, style: Style): string {
  switch (verdict) {
    case 'faster':
      return style.good(verdict)
    case 'slower':
      return style.bad(verdict)
    case 'same':
      return verdict
    case 'inconclusive':
      return style.dim(verdict)
  }
}

function meanRows({ geometricMeans }: OtherFile): string[][] {
  return geometricMeans.map(({ backend, value, count }) => [
    'geometric mean',
    printable(backend ?? 'all'),
    '',
    '',
    plural(count, 'figure'),
    change(value),
    ...Array<string>(head.length - 6).fill(''),
  ])
}

/** A median with how far its interval reaches to the farther side. */
function sideCell({ medianNs, ci95Ns: [low, high] }: Side): string {
  const reach = Math.max(medianNs - low, high - medianNs) / medianNs
  return `${formatNs(medianNs)} ± ${Math.ceil(100 * reach)} %`
}

/** A ratio as a change: `+5.2 %`, or `12.3 x` where that is easier to read. */
function change(ratio: number): string {
  if (ratio >= LARGEST_AS_PERCENT || ratio <= 1 / LARGEST_AS_PERCENT) return `${threeDigits(ratio)} x`
  const percent = (100 * (ratio - 1)).toFixed(1)
  return `${percent.startsWith('-') ? '' : '+'}${percent} %`
}

function differenceLines(
  differences: readonly Difference[],
  acrossMachines: boolean,
  style: Style,
): string[] {
  const listOf = (some: readonly Difference[]): string =>
    printable(some.map(({ what, base, other }) => `${what} ${base} → ${other}`).join('; '))
  const doubtful = differences.filter((difference) => difference.doubtful)
  const others = differences.filter((difference) => !difference.doubtful)
  const because = acrossMachines
    ? 'the machines differ, and ratios may be theirs'
    : 'the machines differ, so there are no verdicts (--across-machines gives them)'
  return [
    ...(doubtful.length === 0 ? [] : [`${style.warn('warning')}: ${because}: ${listOf(doubtful)}`]),
    ...(others.length === 0 ? [] : [style.dim(`different: ${listOf(others)}`)]),
  ]
}

/** Figures with the same reason share a line. */
function reasonLines(label: string, unmatched: readonly Unmatched[], verbose: boolean): string[] {
  const reasons = [...new Set(unmatched.map(({ reason }) => reason))]
  return reasons.map((reason) => {
    const names = namesOf(
      unmatched.filter((one) => one.reason === reason),
      verbose,
    )
    return `${label}: ${names}: ${printable(reason)}`
  })
}

function doubtLines(comparisons: readonly FigureComparison[], threshold: number, style: Style): string[] {
  const few = comparisons.filter(({ doubt }) => doubt === 'rounds').length
  const noisiest = comparisons.toSorted((a, b) => b.floor - a.floor)[0]
  const lines: string[] = []
  if (few > 0) {
    lines.push(
      style.warn(`${plural(few, 'figure')} of too few independent rounds for a verdict: measure for longer.`),
    )
  }
  if (noisiest !== undefined && noisiest.floor > threshold) {
    const percent = `${threeDigits(100 * noisiest.floor)} %`
    lines.push(style.dim(`Noise hides differences of up to ${percent} (${nameOf(noisiest)}).`))
  }
  return lines
}

function gateLine({ limit, outcome, within, beyond, undecided, failed }: Gate, style: Style): string {
  const counts = [
    `${plural(beyond, 'figure')} slower by more than that`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    `${undecided} undecided`,
    `${within} within`,
  ].join(', ')
  const word = { passed: style.good, failed: style.bad, undecided: style.warn }[outcome](outcome)
  return `Limit of ${Number((100 * limit).toPrecision(12))} %: ${word}: ${counts}.`
}

/** The first of them, unless all are asked for. */
function namesOf(figures: readonly Figure[], verbose: boolean): string {
  const names = figures.map(nameOf)
  if (verbose || names.length <= MOST_NAMES) return names.join(', ')
  return `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`
}

function nameOf({ workload, variant, backend, fds }: Figure): string {
  const form = variant === undefined ? '' : ` (${variant})`
  return printable(`${workload}${form} on ${backend} at ${fds}`)
}
