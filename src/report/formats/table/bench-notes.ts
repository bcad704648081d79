/** What qualifies the figures of a bench report: chance, drift, the tool's own part, and what disturbed them. */
import type { BenchReport, BenchResult } from '../../../measure/report.ts'
import { median } from '../../../measure/statistics/describe.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { formatNs, plural, printable, threeDigits } from '../../text.ts'
import { caseName, figuresOf } from './bench-cases.ts'
import type { CaseAtSize } from './bench-cases.ts'
import { factorCell, intervalCell, percentCell, ratioCell, ratioHead } from './bench-cells.ts'
import { layOutOpen } from './layout.ts'
import { OWN_COST_DOMINATES, ownShare, signed } from './bench-results.ts'

/** With more spoilt rounds than this part, a median may be that of a spoilt one. */
const SPOILT_DOMINATES = 0.5

/** As many names as fit a line that is still read. */
const NAMES_IN_A_LINE = 6

/** What the same backend, entered twice, differs by; with --verbose in every case. */
export function controlLines({ control }: BenchReport, { style, verbose }: FormatOptions): string[] {
  const worst = control.toSorted((a, b) => b.floor - a.floor)[0]
  if (worst === undefined) return []
  const backends = [...new Set(control.map(({ backend }) => backend))].join(', ')
  const floors = control.map(({ floor }) => floor)
  const largest =
    control.length === 1 ? '' : ` (median of ${control.length} cases), largest ${percentCell(worst.floor)}`
  const summary = `A/A control, ${backends} entered twice: floor ${percentCell(median(floors))}${largest} in ${nameAtSize(worst)}; no difference below a case's own floor is claimed.`
  const told = control.filter(({ verdict }) => verdict === 'faster' || verdict === 'slower')
  const warning = `In ${told.length} of ${control.length} cases the control was told apart from itself: ${listed(told.map(nameAtSize), verbose)}.`
  const lines = told.length === 0 ? [summary] : [summary, style.warn(warning)]
  if (!verbose) return lines
  const rows = control.map((one) => [
    caseName(one),
    one.backend,
    String(one.fds),
    ratioCell(one, style),
    intervalCell(one.ci95, factorCell),
    percentCell(one.floor),
  ])
  return [
    layOutOpen(['A/A control', 'backend', 'fds', ratioHead, '95 % interval', 'floor'], rows, [2, 3, 4, 5]),
    ...lines,
  ]
}

/** Figures that rose or fell from round to round. */
export function driftLines({ results }: BenchReport, { style, verbose }: FormatOptions): string[] {
  const names = results.flatMap((result) =>
    result.drift === undefined ? [] : [`${nameAtSize(result)} on ${result.backend} ${signed(result.drift)}`],
  )
  if (names.length === 0) return []
  return [style.warn(`Drift over the rounds (rank correlation): ${listed(names, verbose)}.`)]
}

/** How the calls were made, and what that costs. Some workloads have the ffi driver whichever was chosen. */
export function driverLines({ driver, callTax, results }: BenchReport, style: Style): string[] {
  const reason = printable(driver.reason)
  const called = results.filter((result) => result.driver === 'ffi')
  const others = results.filter((result) => result.driver !== 'ffi')
  const four = formatNs(callTax.baseNs + 4 * callTax.perArgumentNs)
  const tax = `the native calls are made one by one, and the tax of each call (${four} with four arguments) is in`
  if (driver.name === 'ffi') {
    return [`Driver ffi (${reason}): ${tax} every figure.`, ...dominated(called, CALL_TAX, style)]
  }
  const names = [...new Set(called.map(({ workload }) => printable(workload)))].join(', ')
  return [
    ...(called.length > 0 && others.length === 0
      ? []
      : [`Driver replay (${reason}): ${processOf(driver.process)}.`]),
    ...dominated(others, "the replayer's own cost", style),
    ...(called.length === 0
      ? []
      : [`Driver ffi for ${names}, because they measure JavaScript: ${tax} these figures.`]),
    ...dominated(called, CALL_TAX, style),
  ]
}

const CALL_TAX = 'that call tax'

/** Warns where what the driver costs is most of a figure. */
function dominated(results: readonly BenchResult[], what: string, style: Style): string[] {
  const { length } = results.filter((result) => ownShare(result) > OWN_COST_DOMINATES)
  if (length === 0) return []
  return [
    style.warn(
      `In ${plural(length, 'figure')} ${what} is more than half: there the tool was measured more than the kernel.`,
    ),
  ]
}

function processOf(process: BenchReport['driver']['process']): string {
  return process === 'threaded'
    ? 'replayed in a process with threads, where calls on descriptors cost more than in a plain C program'
    : 'replayed in forked processes of one thread, like a plain C program'
}

/** What disturbed the run from outside. */
export function noiseLines(report: BenchReport, cases: readonly CaseAtSize[], style: Style): string[] {
  const { noise, durationMs, results } = report
  if (results.length === 0) return []
  const { pressureUs, stealMs, throttledMs, throttlings, loadAverage } = noise
  const measured = cases.filter((one) => figuresOf([one]).length > 0).length
  const seconds = `${threeDigits(durationMs / 1000)} s`
  const spoilt = spoiltText(noise.spoiltRounds, roundsOf(cases), style)
  const parts = [
    pressureUs === null
      ? 'pressure unknown'
      : `pressure ${formatNs(1000 * pressureUs)} (${percentCell(pressureUs / 1000 / durationMs)})`,
    stealMs === null ? 'steal unknown' : `steal ${Math.round(stealMs)} ms`,
    throttlings === null || throttledMs === null
      ? 'throttling unknown'
      : `throttled ${plural(throttlings, 'time')}${throttlings === 0 ? '' : ` for ${Math.round(throttledMs)} ms`}`,
    `preempted ${plural(noise.involuntaryContextSwitches, 'time')}, gave way ${plural(noise.voluntaryContextSwitches, 'time')}`,
    `load ${threeDigits(loadAverage[0])} before, ${threeDigits(loadAverage[1])} after`,
  ]
  return [
    `${plural(measured, 'case')}, ${roundsText(results)} each, in ${seconds}; ${spoilt}.`,
    `Processors: ${parts.join('; ')}.`,
  ]
}

function roundsText(results: readonly BenchResult[]): string {
  const counts = results.map(({ rounds }) => rounds)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return least === most ? plural(least, 'interleaved round') : `${least} to ${most} interleaved rounds`
}

/** How many rounds there were: those of a case are shared by its backends. */
function roundsOf(cases: readonly CaseAtSize[]): number {
  const counts = cases.map((one) => Math.max(0, ...figuresOf([one]).map(({ rounds }) => rounds)))
  return counts.reduce((sum, rounds) => sum + rounds, 0)
}

function spoiltText(spoilt: number, total: number, style: Style): string {
  // Cases that failed have no figure, but may have had rounds.
  const text = spoilt > total ? `${spoilt} rounds spoilt` : `${spoilt} of ${total} rounds spoilt`
  return spoilt > SPOILT_DOMINATES * total ? style.warn(text) : text
}

/** What it takes to repeat the run, and what its clock can tell. */
export function setupLines({ settings, clock, timerSlackNs, seed }: BenchReport): string[] {
  const { trigger, source, eventsPerWait, cpus, quick } = settings
  return [
    [
      `Clock ${formatNs(clock.costNs)} a look, step ${formatNs(clock.stepNs)}; timer slack ${formatNs(timerSlackNs)}`,
      `${trigger}, ${source}, ${plural(eventsPerWait, 'event')} a wait`,
      ...(cpus.length === 0 ? [] : [`on processors ${cpus.join(', ')}`]),
      `${quick ? 'quick, ' : ''}seed ${seed}.`,
    ].join('; '),
  ]
}

function nameAtSize(one: {
  readonly workload: string
  readonly variant?: string
  readonly fds: number
}): string {
  return one.fds > 1 ? `${caseName(one)} at ${one.fds}` : caseName(one)
}

function listed(names: readonly string[], verbose: boolean): string {
  if (verbose || names.length <= NAMES_IN_A_LINE) return names.join(', ')
  return `${names.slice(0, NAMES_IN_A_LINE).join(', ')} and ${names.length - NAMES_IN_A_LINE} more`
}
