/** What every format says of one result of `verify`, in words. */
import { findCheck, hasCheck } from '../../../conformance/checks/index.ts'
import type { JudgedResult } from '../../../conformance/report.ts'

/** A line of the details of a result: `expected`, and what was. Texts may hold anything, line feeds too. */
export type Detail = readonly [label: DetailLabel, text: string]

export type DetailLabel = 'statement' | 'expected' | 'actual' | 'at' | 'because' | 'entry' | 'there'

/** What there is to say of a result, in the order in which a person wants to know it. */
export function detailsOf(result: JudgedResult): Detail[] {
  const { id, expected, actual, step, message, expectedBy, unexpected, there } = result
  const lines: readonly (readonly [DetailLabel, string | undefined])[] = [
    ['statement', hasCheck(id) ? findCheck(id).check.statement : undefined],
    ['expected', expected],
    ['actual', actual],
    ['at', step],
    ['because', message?.split('\n')[0]],
    ['entry', expectedBy === undefined ? undefined : `${expectedBy.id}: ${expectedBy.reason}`],
    [
      'entry',
      unexpected === undefined
        ? undefined
        : `${unexpected.id} is to be ${unexpected.outcome.join(' or ')}: ${unexpected.reason}`,
    ],
    ['there', there === undefined ? undefined : sideInWords(there)],
  ]
  return lines.filter((line): line is Detail => line[1] !== undefined)
}

/** `, in 3 of 10 runs`: how often a check that ran several times ended like this. */
export function frequencyOf({ runs, outcome }: JudgedResult): string {
  if (runs === undefined) return ''
  const total = Object.values(runs).reduce((sum, count) => sum + count, 0)
  return `, in ${runs[outcome] ?? 0} of ${total} runs`
}

/** How it came out on the other machine, in one line. */
function sideInWords(there: NonNullable<JudgedResult['there']>): string {
  const { outcome, expected, actual, step, message } = there
  const parts = [
    expected === undefined ? undefined : `expected ${expected}`,
    actual === undefined ? undefined : `got ${actual}`,
    step === undefined ? undefined : `at ${step}`,
    message?.split('\n')[0],
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? outcome : `${outcome}: ${parts.join('; ')}`
}
