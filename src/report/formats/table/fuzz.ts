import type { FoundDifference, FuzzReport, FuzzResult } from '../../../conformance/fuzz/report.ts'
import { scenarioStepText } from '../../../conformance/scenarios/words.ts'
import type { FormatOptions } from '../../format.ts'
import { formatMs, plural, printable, wrapText } from '../../text.ts'
import { layOutOpen, machineLine } from './layout.ts'

const WIDTH = 100

/** A line a backend, and below them each difference, as the shortest program that shows it. */
export function fuzzTable(report: FuzzReport, options: FormatOptions): string {
  const { style } = options
  const blocks = [
    [style.strong(machineLine('fuzz', report.environment)), `seed ${report.seed}`],
    [summary(report, options)],
    ...report.results.flatMap((result) =>
      result.difference === undefined ? [] : [difference(result, result.difference, options)],
    ),
    rules(report, options),
    report.interrupted === true ? [style.warn('interrupted: this is what was played by then')] : [],
  ]
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function summary({ results }: FuzzReport, { style }: FormatOptions): string {
  const rows = results.map(({ backend, programs, steps, durationMs, difference: found, unsupported }) => {
    const perSecond = durationMs === 0 ? '-' : whole(programs / (durationMs / 1000))
    const end =
      unsupported === undefined
        ? found === undefined
          ? style.good('no difference')
          : style.bad(`program ${found.program} differs`)
        : style.dim(printable(unsupported))
    return [backend, whole(programs), whole(steps), formatMs(durationMs), perSecond, end]
  })
  return layOutOpen(['backend', 'programs', 'steps', 'time', 'a second', ''], rows, [1, 2, 3, 4])
}

/** The steps of the shortest program, with what the last of them gave. */
function difference({ backend }: FuzzResult, found: FoundDifference, { style }: FormatOptions): string[] {
  const { program, actual, expected, why, foundSteps, scenario } = found
  const { steps } = scenario
  const shorter = steps.length < foundSteps ? `, of ${foundSteps} before it was made shorter` : ''
  return [
    style.strong(`${backend}: program ${program}, ${plural(steps.length, 'step')}${shorter}`),
    ...steps.map((step, i) => `  ${String(i + 1).padStart(3)}  ${printable(scenarioStepText(step))}`),
    `       expected: ${style.good(printable(expected))}`,
    `       actual:   ${style.bad(printable(actual))}`,
    ...(why === undefined ? [] : [`       ${printable(why)}`]),
  ]
}

/** The rules that were needed: with --verbose with their reasons. */
function rules({ results }: FuzzReport, { style, verbose }: FormatOptions): string[] {
  const used = results.flatMap(({ backend, rules: all }) => all.map((rule) => ({ backend, ...rule })))
  if (used.length === 0) return []
  if (!verbose) {
    const list = used.map(({ backend, id, times }) => `${id} on ${backend} ${whole(times)} times`).join(', ')
    return wrapText(`documented differences: ${list} (--verbose: why)`, WIDTH).map((line) => style.dim(line))
  }
  return [
    'documented differences',
    ...used.flatMap(({ backend, id, times, reason, source }) => [
      `  ${id} on ${backend}, ${plural(times, 'time')}`,
      ...wrapText(`${reason} (${source})`, WIDTH - 4).map((line) => `    ${style.dim(line)}`),
    ]),
  ]
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')
