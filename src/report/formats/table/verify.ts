import { backendNames } from '../../../backends/index.ts'
import { outcomes } from '../../../conformance/check.ts'
import type { CheckResult, Outcome } from '../../../conformance/check.ts'
import { families, findCheck } from '../../../conformance/checks/index.ts'
import { countOutcomes } from '../../../conformance/report.ts'
import type { VerifyReport } from '../../../conformance/report.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { plural, printable, threeDigits } from '../../text.ts'
import { layOut, machineLine } from './layout.ts'

/** How an outcome is written in the matrix and in the summary. */
const words: Record<Outcome, string> = {
  pass: 'ok',
  fail: 'failed',
  diverges: 'divergent',
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
  const title = `${paint(style, outcome, words[outcome])} ${style.strong(id)} on ${backend} (${level})${frequency(result)}`
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

/** As many ids as fit a line that is still read. */
const IDS_IN_A_LINE = 4

/** Without --verbose, a line for each backend and reason that kept checks from running. */
function unsupportedLines(results: readonly CheckResult[], { style, verbose }: FormatOptions): string[] {
  if (verbose) return []
  const idsOf = new Map<string, string[]>()
  for (const { outcome, message = '', id, backend } of results) {
    if (outcome !== 'unsupported') continue
    const reason = `on ${backend}: ${message}`
    idsOf.set(reason, [...(idsOf.get(reason) ?? []), id])
  }
  return [...idsOf].map(([reason, ids]) => {
    const which = ids.length > IDS_IN_A_LINE ? plural(ids.length, 'check') : ids.join(', ')
    return style.dim(`unsupported: ${which} ${printable(reason)}`)
  })
}

function summaryLine(report: VerifyReport, style: Style): string {
  const parts = outcomes
    .filter((outcome) => report.summary[outcome] > 0)
    .map((outcome) => paint(style, outcome, `${report.summary[outcome]} ${words[outcome]}`))
  const ids = new Set(report.results.map(({ id }) => id)).size
  const counts = parts.length === 0 ? '' : `: ${parts.join(', ')}`
  const order = report.seed === undefined ? '' : `, in the order of seed ${report.seed}`
  const took = `in ${threeDigits(report.durationMs / 1000)} s${order}.`
  const total = `${plural(ids, 'check')}, ${plural(report.results.length, 'result')}`
  return `${total}${counts}, ${took}${incomplete(report, style)}`
}

/** Why not everything was checked, where that is so. */
function incomplete({ stopped, interrupted }: VerifyReport, style: Style): string {
  if (interrupted === true) return style.warn(' Interrupted: not everything was checked.')
  return stopped === true ? style.warn(' Stopped at the first finding: not everything was checked.') : ''
}

/** `, in 3 of 10 runs`: how often a check that ran several times ended like this. */
function frequency({ runs, outcome }: CheckResult): string {
  if (runs === undefined) return ''
  const total = Object.values(runs).reduce((sum, count) => sum + count, 0)
  return `, in ${runs[outcome] ?? 0} of ${total} runs`
}
