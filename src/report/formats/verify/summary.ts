/** What every format for people says of a whole run of `verify`, in words. Nothing in it is made printable yet. */
import type { VerifyReport } from '../../../conformance/report.ts'
import { formatMs, machineWords, plural } from '../../text.ts'
import { countInWords, countsOf } from './matrix.ts'
import type { Count } from './matrix.ts'

/** As many names as are in a line that says what was not compared. */
const MOST_NAMES = 6

/** How many checks, results and verdicts there are, and how long it took, with colours if they are given. */
export function outcomeLine(
  report: VerifyReport,
  countText: (count: Count) => string = countInWords,
  warn: (text: string) => string = (text) => text,
): string {
  const ids = new Set(report.results.map(({ id }) => id)).size
  const counts = countsOf(report.results, report).map(countText).join(', ')
  const order = report.seed === undefined ? '' : `, in the order of seed ${report.seed}`
  const total = `${plural(ids, 'check')}, ${plural(report.results.length, 'result')}`
  const incomplete = whyIncomplete(report)
  return [
    `${total}${counts === '' ? '' : `: ${counts}`}, in ${formatMs(report.durationMs)}${order}.`,
    ...(incomplete === undefined ? [] : [warn(incomplete)]),
  ].join(' ')
}

/** Why not everything was checked, where that is so. */
export function whyIncomplete({ stopped, interrupted }: VerifyReport): string | undefined {
  if (interrupted === true) return 'Interrupted: not everything was checked.'
  return stopped === true ? 'Stopped at the first finding: not everything was checked.' : undefined
}

/** The machine that a run was held against, and what the two do not have in common. */
export function againstLines({ against }: VerifyReport): string[] {
  if (against === undefined) return []
  const layers = new Set(against.environment.sandbox.map(({ layer }) => layer))
  const { file, environment, startedAt, compared, differences, onlyHere, onlyThere } = against
  return [
    [`against ${file}`, machineWords(environment.platform), ...layers, startedAt].join(' · '),
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
