import type { JudgedResult, VerifyReport } from '../../conformance/report.ts'
import type { RunReport, ScenarioReport } from '../../conformance/scenarios/run/report.ts'
import { verdictOf } from '../../conformance/verdict.ts'
import type { Format, FormatOptions } from '../format.ts'
import { formatMs, printable } from '../text.ts'
import { cellWords, endedBehind, marks, runOutcome, verdictOfStep } from './run/cells.ts'
import { machineLine } from './table/layout.ts'
import { detailsOf, frequencyOf } from './verify/details.ts'
import { countInWords, matrixOf } from './verify/matrix.ts'
import { againstLines, expectationLines, outcomeLine } from './verify/summary.ts'
import { unsupportedGroups } from './verify/unsupported.ts'

/** GitHub's dialect: for the summary of a job, or a comment. */
function verifyMarkdown(report: VerifyReport, { verbose }: FormatOptions): string {
  const of = (...kinds: readonly string[]): JudgedResult[] =>
    report.results.filter((result) => kinds.includes(verdictOf(result, report).kind))
  const tolerated = report.against === undefined || verbose ? of('tolerated') : []
  const unsupported = report.against === undefined ? unsupportedGroups(report.results) : []
  return `${[
    `# ${plain(machineLine('verify', report.environment))}`,
    ...[...againstLines(report), outcomeLine(report)].map(plain),
    matrix(report),
    ...section('Findings', of('finding'), report),
    ...section('Allowed differences', tolerated, report),
    ...(unsupported.length === 0 ? [] : ['## Unsupported']),
    unsupported.map(({ which, reason }) => `- ${plain(which)}: ${plain(reason)}`).join('\n'),
    ...expectationLines(report).map(plain),
  ]
    .filter((block) => block !== '')
    .join('\n\n')}\n`
}

function matrix(report: VerifyReport): string {
  const { columns, rows } = matrixOf(report)
  if (rows.length === 0) return ''
  const lines = [
    ['family', '', ...columns],
    ['---', '---', ...columns.map(() => '---')],
    ...rows.map(({ family, title, cells }) => [
      code(family),
      plain(title),
      ...cells.map((counts) => (counts.length === 0 ? '-' : counts.map(countInWords).join(', '))),
    ]),
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function section(title: string, results: readonly JudgedResult[], report: VerifyReport): string[] {
  if (results.length === 0) return []
  return [`## ${title}`, ...results.map((result) => details(result, report))]
}

/** A list item for each result; what was expected and what came are code, because blanks and letters count. */
function details(result: JudgedResult, report: VerifyReport): string {
  const { id, backend, level, durationMs } = result
  const title = `- **${verdictOf(result, report).words}** ${code(id)} on ${backend} (${level}, ${formatMs(durationMs)})${frequencyOf(result)}`
  const lines = detailsOf(result).map(([label, text]) =>
    label === 'statement' ? `  - ${plain(text)}` : `  - ${label}: ${code(text)}`,
  )
  return [title, ...lines].join('\n')
}

/** Text in which nothing is markup. */
function plain(text: string): string {
  return printable(text).replaceAll(/[\\`*_{}[\]<>#|~&]/g, '\\$&')
}

/** Text as code: a fence that is longer than any in it. */
function code(text: string): string {
  const shown = printable(text)
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  // A blank on either side is taken away again, and keeps backticks of the text from joining the fence.
  const pad = longest > 0 || /^ .* $/.test(shown) ? ' ' : ''
  return `${fence}${pad}${shown}${pad}${fence}`
}

/** Steps down, backends across. */
function runMarkdown(report: RunReport): string {
  return `${[
    `# ${plain(machineLine('run', report.environment))}`,
    plain(runOutcome(report)),
    ...report.scenarios.flatMap(scenarioBlocks),
  ].join('\n\n')}\n`
}

function scenarioBlocks({ name, description, source, columns, steps }: ScenarioReport): string[] {
  const lines = [
    ['#', '', 'step', ...columns.map(({ backend }) => plain(backend))],
    ['---:', '---', '---', ...columns.map(() => '---')],
    ...steps.map((step, i) => [
      String(i + 1),
      marks[verdictOfStep(step)],
      `${plain(step.text)}${step.note === undefined ? '' : ` *${plain(step.note)}*`}`,
      ...columns.map((column) => cellWords(step, i, column).lines.map(plain).join('<br>')),
    ]),
  ]
  return [
    `## ${plain(name)}`,
    ...(description === undefined ? [] : [plain(description)]),
    ...(source === undefined ? [] : [plain(source)]),
    lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    ...endedBehind(columns, steps.length).map(plain),
  ]
}

export const markdown: Pick<Format, 'verify' | 'run'> = { verify: verifyMarkdown, run: runMarkdown }
