import { backendNames } from '../../../backends/index.ts'
import { outcomes } from '../../../conformance/check.ts'
import type { CheckResult, Outcome } from '../../../conformance/check.ts'
import { families, findCheck } from '../../../conformance/checks/index.ts'
import { countOutcomes } from '../../../conformance/report.ts'
import type { VerifyReport } from '../../../conformance/report.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { printable, threeDigits } from '../../text.ts'
import { layOut, machineLine } from './layout.ts'

/** How an outcome is written in the matrix and in the summary. */
const words: Record<Outcome, string> = {
  pass: 'ok',
  fail: 'failed',
  diverges: 'diverge',
  unsupported: 'unsupported',
  broken: 'broken',
}

export function verifyTable(report: VerifyReport, options: FormatOptions): string {
  const { style, verbose } = options
  const shown = report.results.filter(
    ({ outcome }) => verbose || outcome === 'fail' || outcome === 'broken' || outcome === 'diverges',
  )
  return `${[
    style.strong(machineLine('verify', report.environment)),
    matrix(report.results, style),
    ...shown.map((result) => details(result, style)),
    ...unsupportedLines(report.results, options),
    summaryLine(report, style),
  ].join('\n')}\n`
}

/** Families by backends; a dash where a family has nothing for a backend. */
function matrix(results: readonly CheckResult[], style: Style): string {
  const columns = backendNames.filter((name) => results.some(({ backend }) => backend === name))
  const rows = families
    .filter(({ name }) => results.some(({ family }) => family === name))
    .map(({ name, title }) => [
      name,
      title,
      ...columns.map((backend) =>
        cell(
          results.filter((r) => r.family === name && r.backend === backend),
          style,
        ),
      ),
    ])
  return layOut(['family', '', ...columns], rows, [])
}

function cell(results: readonly CheckResult[], style: Style): string {
  if (results.length === 0) return style.dim('-')
  const counts = countOutcomes(results)
  return outcomes
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => paint(style, outcome, `${counts[outcome]} ${words[outcome]}`))
    .join(', ')
}

function paint(style: Style, outcome: Outcome, text: string): string {
  switch (outcome) {
    case 'pass':
      return style.good(text)
    case 'fail':
    case 'broken':
      return style.bad(text)
    case 'diverges':
      return style.warn(text)
    case 'unsupported':
      return style.dim(text)
  }
}

function details(result: CheckResult, style: Style): string {
  const { id, backend, level, outcome } = result
  const title = `${paint(style, outcome, words[outcome])} ${style.strong(id)} on ${backend} (${level})`
  if (outcome === 'pass')
    return result.message === undefined ? title : `${title}: ${printable(result.message)}`
  const lines = [
    ['', findCheck(id).check.statement],
    ['expected', result.expected],
    ['actual', result.actual],
    ['at', result.step],
    ['because', result.message?.split('\n')[0]],
  ].filter((line): line is [string, string] => line[1] !== undefined)
  return [
    title,
    ...lines.map(([label, text]) => `  ${style.dim(label.padEnd(label === '' ? 0 : 9))}${printable(text)}`),
  ].join('\n')
}

/** Without --verbose, a line for each reason that kept checks from running. */
function unsupportedLines(results: readonly CheckResult[], { style, verbose }: FormatOptions): string[] {
  if (verbose) return []
  const byReason = new Map<string, string[]>()
  for (const { outcome, message = '', id, backend } of results) {
    if (outcome !== 'unsupported') continue
    byReason.set(message, [...(byReason.get(message) ?? []), `${id} on ${backend}`])
  }
  return [...byReason].map(([reason, ids]) =>
    style.dim(`unsupported: ${ids.join(', ')}: ${printable(reason)}`),
  )
}

function summaryLine(report: VerifyReport, style: Style): string {
  const parts = outcomes
    .filter((outcome) => report.summary[outcome] > 0)
    .map((outcome) => paint(style, outcome, `${report.summary[outcome]} ${words[outcome]}`))
  const ids = new Set(report.results.map(({ id }) => id)).size
  const interrupted =
    report.interrupted === true ? style.warn(' Interrupted: not everything was checked.') : ''
  return `${ids} checks, ${report.results.length} results: ${parts.join(', ')}, in ${threeDigits(report.durationMs / 1000)} s.${interrupted}`
}
