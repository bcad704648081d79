/** What every format for people says of a whole run of `verify`, in words. Nothing in it is made printable yet. */
import type { VerifyReport } from '../../../conformance/report.ts'
import { formatMs, plural } from '../../text.ts'
import { countLine, countsOf } from './matrix.ts'

/** As many names as are in a line that says what was not compared. */
const MOST_NAMES = 6

/** How many checks, results and verdicts there are, and how long it took. */
export function outcomeLine(report: VerifyReport): string {
  const ids = new Set(report.results.map(({ id }) => id)).size
  const counts = countLine(countsOf(report.results, report))
  const interrupted = report.interrupted === true ? ' Interrupted: not everything was checked.' : ''
  return `${plural(ids, 'check')}, ${plural(report.results.length, 'result')}${counts === '' ? '' : `: ${counts}`}, in ${formatMs(report.durationMs)}.${interrupted}`
}

/** The machine that a run was held against, and what the two do not have in common. */
export function againstLines({ against }: VerifyReport): string[] {
  if (against === undefined) return []
  const { file, machine, startedAt, compared, differences, onlyHere, onlyThere } = against
  return [
    `against ${file} · ${machine} · ${startedAt}`,
    differences === 0
      ? `No difference in ${plural(compared, 'result')}.`
      : `${plural(differences, 'difference')} in ${plural(compared, 'result')}.`,
    ...namesLine('only here', onlyHere),
    ...namesLine('only there', onlyThere),
  ]
}

function namesLine(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return []
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''
  return [`${what}: ${names.slice(0, MOST_NAMES).join(', ')}${more}`]
}

/** What is to be known of the expectation file itself. */
export function expectationLines({ expectations }: VerifyReport): string[] {
  if (expectations === undefined) return []
  const { file, unknown } = expectations
  return unknown.length === 0 ? [] : [`${file}: there is no check ${unknown.join(', ')}`]
}
