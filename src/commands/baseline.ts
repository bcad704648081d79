/** What `compare` and `bench --baseline` have in common. */
import type { Command } from 'commander'
import { UsageError } from '../errors.ts'
import type { CompareReport } from '../measure/compare/report.ts'
import type { BenchReport } from '../measure/report.ts'
import type { Saved } from '../measure/saved/load.ts'
import { parseLimit } from './options.ts'

/** As commander hands them over. */
export interface GateOptions {
  readonly failOn?: number
  readonly acrossMachines?: boolean
}

export interface BaselineOptions extends GateOptions {
  readonly baseline?: string
}

export function addGateOptions(command: Command): Command {
  return command
    .option('--fail-on <percent>', 'exit 1 if a figure is slower by more than this, like 5%', parseLimit)
    .option('--across-machines', 'give verdicts although kernels, CPUs or sandboxes differ')
}

/** Reads a saved report, and warns if it is not whole. Throws `SavedFileError`. */
export async function openSaved(file: string, warn: (message: string) => void): Promise<Saved> {
  const { loadReport } = await import('../measure/saved/load.ts')
  const saved = loadReport(file)
  if (saved.report.interrupted === true) warn(`${file} was interrupted: it does not have every figure`)
  return saved
}

/**
 * Reads the baseline, if one was given, before anything is measured, and returns what holds a run against it.
 * Throws `SavedFileError`, and `UsageError` for options that only a baseline gives a meaning.
 */
export async function openBaseline(
  { baseline, failOn, acrossMachines }: BaselineOptions,
  warn: (message: string) => void,
): Promise<((run: BenchReport) => CompareReport) | undefined> {
  if (baseline === undefined) {
    if (failOn !== undefined)
      throw new UsageError('--fail-on has nothing to compare with', 'give --baseline FILE')
    if (acrossMachines === true) {
      throw new UsageError('--across-machines has nothing to compare with', 'give --baseline FILE')
    }
    return undefined
  }
  const base = await openSaved(baseline, warn)
  const { compareReports } = await import('../measure/compare/compare-reports.ts')
  return (run) =>
    compareReports({
      base,
      others: [{ file: 'this run', report: run }],
      version: run.tool.version,
      acrossMachines: acrossMachines === true,
      // Backends that were not asked for are not missing.
      backends: [...new Set([...run.results, ...run.gaps].map(({ backend }) => backend))],
      failOn,
    })
}
