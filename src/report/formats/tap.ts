import type { JudgedResult, VerifyReport } from '../../conformance/report.ts'
import { verdictOf } from '../../conformance/verdict.ts'
import type { Format } from '../format.ts'
import { printable } from '../text.ts'
import { escapeControls } from './json.ts'
import { detailsOf } from './verify/details.ts'
import { againstLines, expectationLines, outcomeLine, whyIncomplete } from './verify/summary.ts'

/** TAP, version 14: a test point for each result, with a block of diagnostics in YAML below it. */
function verifyTap(report: VerifyReport): string {
  const { results } = report
  const plan = results.length === 0 ? '1..0 # SKIP there is no result' : `1..${results.length}`
  const incomplete = whyIncomplete(report)
  const comments = [...againstLines(report), ...expectationLines(report), outcomeLine(report)]
  return [
    'TAP version 14',
    plan,
    ...results.flatMap((result, index) => testPoint(result, index + 1, report)),
    ...comments.map((line) => `# ${printable(line)}`),
    ...(incomplete === undefined ? [] : [`Bail out! ${incomplete}`]),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function testPoint(result: JudgedResult, number: number, report: VerifyReport): string[] {
  const { id, backend, outcome } = result
  const { kind, words } = verdictOf(result, report)
  const description = escapeDescription(`${id} on ${backend}`)
  const well = kind === 'well' || kind === 'skipped'
  return [
    `${well ? 'ok' : 'not ok'} ${number} - ${description}${directive(result, kind, words)}`,
    '  ---',
    ...fieldsOf(result, words, outcome).map(([key, value]) => `  ${key}: ${scalar(value)}`),
    '  ...',
  ]
}

/** What keeps a test point that is not well from failing the whole. */
function directive(result: JudgedResult, kind: string, words: string): string {
  if (kind === 'skipped') return ` # SKIP ${printable(result.message ?? words)}`
  if (kind === 'tolerated') {
    const reason = result.expectedBy?.reason
    return ` # TODO ${printable(reason === undefined ? words : `${words}: ${reason}`)}`
  }
  return ''
}

function fieldsOf(
  result: JudgedResult,
  words: string,
  outcome: string,
): (readonly [string, string | number])[] {
  const { id, family, backend, level, durationMs } = result
  const times: readonly [string, number] = ['duration_ms', durationMs]
  if (outcome === 'pass' && words === 'ok') {
    return result.message === undefined ? [times] : [times, ['note', result.message]]
  }
  return [
    ['id', id],
    ['family', family],
    ['backend', backend],
    ['level', level],
    ['outcome', outcome],
    ['verdict', words],
    times,
    ...detailsOf(result).map(([label, text]) => [label, text] as const),
  ]
}

/** A number sign would begin a directive. */
function escapeDescription(text: string): string {
  return printable(text).replaceAll(/[\\#]/g, '\\$&')
}

/** JSON is YAML, and has escapes for everything that a line cannot hold. */
function scalar(value: string | number): string {
  return escapeControls(JSON.stringify(value)).replaceAll(
    /[\u2028\u2029\uFEFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export const tap: Pick<Format, 'verify'> = { verify: verifyTap }
