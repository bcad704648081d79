import type { JudgedResult, VerifyReport } from '../../../conformance/report.ts'
import { verdictOf } from '../../../conformance/verdict.ts'
import type { Verdict } from '../../../conformance/verdict.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { formatMs, printable } from '../../text.ts'
import { detailsOf, frequencyOf } from '../verify/details.ts'
import type { DetailLabel } from '../verify/details.ts'
import { countInWords, matrixOf } from '../verify/matrix.ts'
import type { Count } from '../verify/matrix.ts'
import { againstLines, expectationLines, outcomeLine } from '../verify/summary.ts'
import { unsupportedGroups } from '../verify/unsupported.ts'
import { layOut, machineLine } from './layout.ts'

export function verifyTable(report: VerifyReport, options: FormatOptions): string {
  const { style, verbose } = options
  const shown = report.results.filter((result) => verbose || isShown(result, report))
  return `${[
    style.strong(machineLine('verify', report.environment)),
    ...againstLines(report).map(printable),
    matrix(report, style),
    ...shown.map((result) => details(result, report, style)),
    ...(verbose || report.against !== undefined ? [] : unsupportedLines(report.results, style)),
    ...expectationLines(report).map((line) => style.warn(printable(line))),
    ...(shown.some(isExplicable) ? [style.dim(EXPLAIN)] : []),
    outcomeLine(report, (count) => countInColour(count, style), style.warn),
  ].join('\n')}\n`
}

/** What needs a person's eye. Of another machine's run, only what differs from it. */
function isShown(result: JudgedResult, report: VerifyReport): boolean {
  const { kind } = verdictOf(result, report)
  if (kind === 'finding') return true
  return kind === 'tolerated' && report.against === undefined && result.expectedBy === undefined
}

const isExplicable = ({ outcome }: JudgedResult): boolean => outcome === 'fail' || outcome === 'diverges'

const EXPLAIN = 'evloop explain ID tells why a check matters, what it has caught, and where it is specified.'

/** Families by backends; a dash where a family has nothing for a backend. */
function matrix(report: VerifyReport, style: Style): string {
  const { columns, rows } = matrixOf(report)
  const lines = rows.map(({ family, title, cells }) => [
    family,
    title,
    ...cells.map((counts) =>
      counts.length === 0 ? style.dim('-') : counts.map((count) => countInColour(count, style)).join(', '),
    ),
  ])
  return layOut(['family', '', ...columns], lines, [])
}

function countInColour(count: Count, style: Style): string {
  return paint(style, count.verdict, countInWords(count))
}

function paint(style: Style, { kind }: Verdict, text: string): string {
  switch (kind) {
    case 'well':
      return style.good(text)
    case 'finding':
      return style.bad(text)
    case 'tolerated':
      return style.warn(text)
    case 'skipped':
      return style.dim(text)
  }
}

/** How details are introduced; the statement of the check stands alone. */
const labels: Readonly<Record<DetailLabel, string>> = {
  statement: '',
  expected: 'expected ',
  actual: 'actual   ',
  at: 'at       ',
  because: 'because  ',
  entry: 'entry    ',
  there: 'there    ',
}

function details(result: JudgedResult, report: VerifyReport, style: Style): string {
  const { id, backend, level, message, durationMs } = result
  const verdict = verdictOf(result, report)
  const title = `${paint(style, verdict, verdict.words)} ${style.strong(id)} on ${backend} (${level}, ${formatMs(durationMs)})${frequencyOf(result)}`
  if (verdict.kind === 'well') return message === undefined ? title : `${title}: ${printable(message)}`
  const lines = detailsOf(result).map(([label, text]) => `  ${style.dim(labels[label])}${printable(text)}`)
  return [title, ...lines].join('\n')
}

/** A line for each reason that kept checks from running. */
function unsupportedLines(results: readonly JudgedResult[], style: Style): string[] {
  return unsupportedGroups(results).map(({ which, reason }) =>
    style.dim(`unsupported: ${which}: ${printable(reason)}`),
  )
}
