import type { VerifyReport } from '../../conformance/report.ts'
import { verdictOf } from '../../conformance/verdict.ts'
import type { Format } from '../format.ts'
import { printable } from '../text.ts'

const head = [
  'backend',
  'family',
  'id',
  'level',
  'outcome',
  'verdict',
  'durationMs',
  'expected',
  'actual',
  'step',
  'message',
  'reason',
]

/** A row for each result, as RFC 4180 has it, but with line feeds alone. Nothing in a field is a control character. */
function verifyCsv(report: VerifyReport): string {
  const rows = report.results.map((result) => [
    result.backend,
    result.family,
    result.id,
    result.level,
    result.outcome,
    verdictOf(result, report).words,
    String(result.durationMs),
    result.expected,
    result.actual,
    result.step,
    result.message,
    (result.expectedBy ?? result.unexpected)?.reason,
  ])
  return [head, ...rows].map((row) => `${row.map(field).join(',')}\n`).join('')
}

function field(value: string | undefined): string {
  const text = printable(value ?? '')
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export const csv: Pick<Format, 'verify'> = { verify: verifyCsv }
