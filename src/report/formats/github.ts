import type { JudgedResult, VerifyReport } from '../../conformance/report.ts'
import { verdictOf } from '../../conformance/verdict.ts'
import type { Format } from '../format.ts'
import { printable } from '../text.ts'
import { detailsOf, frequencyOf } from './verify/details.ts'
import { againstLines, expectationLines, outcomeLine } from './verify/summary.ts'

type Command = 'error' | 'warning' | 'notice'

/**
 * Workflow commands of GitHub Actions: an error for each finding, a warning for each quirk that is different, and a
 * notice with the counts. Only the first ten of a kind are shown beside the code, so findings come first.
 */
function verifyAnnotations(report: VerifyReport): string {
  const of = (kind: 'finding' | 'tolerated'): JudgedResult[] =>
    report.results.filter((result) => verdictOf(result, report).kind === kind)
  const quirks =
    report.against === undefined ? of('tolerated').filter((result) => result.expectedBy === undefined) : []
  return [
    ...of('finding').map((result) => annotation('error', result, report)),
    ...quirks.map((result) => annotation('warning', result, report)),
    ...expectationLines(report).map((line) => command('warning', 'evloop verify', [line])),
    command('notice', 'evloop verify', [...againstLines(report), outcomeLine(report)]),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function annotation(name: Command, result: JudgedResult, report: VerifyReport): string {
  const { id, backend, level } = result
  const title = `${verdictOf(result, report).words}: ${id} on ${backend} (${level})${frequencyOf(result)}`
  const lines = detailsOf(result).map(([label, text]) => (label === 'statement' ? text : `${label} ${text}`))
  return command(name, title, lines)
}

function command(name: Command, title: string, lines: readonly string[]): string {
  const message = lines.map((line) => escapeData(printable(line))).join('%0A')
  return `::${name} title=${escapeProperty(printable(title))}::${message}`
}

/** What a message of a workflow command must not hold as it is. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** What a property of a workflow command must not hold besides. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

export const github: Pick<Format, 'verify'> = { verify: verifyAnnotations }
