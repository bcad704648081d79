/** What `verify` holds a run against: an expectation file, or the report of another run. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { CheckResult } from '../conformance/check.ts'
import type { VerifyReport } from '../conformance/report.ts'
import type { Expectation, ExpectationFile } from '../conformance/saved/schema.ts'
import type { KnownCheck } from '../conformance/write-expectations.ts'
import { UsageError } from '../errors.ts'
import { packageRoot } from '../package-root.ts'

/** As commander hands them over. */
export interface HoldOptions {
  readonly expect?: string
  readonly writeExpect?: string
  readonly against?: string
  readonly strict?: boolean
}

/** What is done with results, and with the report that they make, besides writing it. */
export interface Hold {
  /** Whether a result is a finding, given all that the run is held against. */
  isFinding(result: CheckResult): boolean
  /** The report, with every result judged. */
  judge(report: VerifyReport): VerifyReport
  /** Writes the expectation file that was asked for, if any. Throws `OutputError`. */
  keep(report: VerifyReport): void
}

export function addHoldOptions(command: Command): Command {
  return command
    .option(
      '--expect <file>',
      `hold the run against an expectation file, or one that comes with evloop: ${shippedNames().join(', ')}`,
      parseOnce,
    )
    .option('--write-expect <file>', 'make an expectation file of this run; reasons of an older one stay')
    .option('--against <report>', 'say only what differs from a saved run (--format json) of another machine')
    .option('--strict', 'a quirk that diverges is a finding, too')
}

/** A run is held against one file; to replace the first without a word would be to ignore it. */
function parseOnce(file: string, before: string | undefined): string {
  if (before === undefined) return file
  throw new InvalidArgumentError(`It was given before, as ${before}: a run is held against one file.`)
}

/** The folder of the expectation files that come with evloop. */
const shippedFolder = (): string => join(packageRoot(), 'expectations')

function shippedNames(): string[] {
  try {
    return readdirSync(shippedFolder())
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .toSorted()
  } catch {
    return []
  }
}

/**
 * Reads what the run is to be held against, before anything runs. `chosen` are the ids of the checks that are to run.
 * Throws `SavedFileError`, and `UsageError` for options that contradict each other.
 */
export async function openHold(
  options: HoldOptions,
  chosen: readonly string[],
  warn: (message: string) => void,
): Promise<Hold> {
  const { expect, writeExpect, against } = options
  if (against !== undefined && (expect !== undefined || options.strict === true)) {
    const other = expect === undefined ? '--strict' : '--expect'
    throw new UsageError(
      `--against and ${other} do not go together`,
      '--against tells every difference by itself',
    )
  }
  const { isFinding } = await import('../conformance/verdict.ts')
  const strict = options.strict === true ? { strict: true as const } : {}
  if (expect === undefined && against === undefined && writeExpect === undefined) {
    // Nothing is to be read: what checks files is many modules, and there may be 64 descriptors to open them with.
    return {
      isFinding: (result) => isFinding(result, strict),
      judge: (report) => ({ ...report, ...strict }),
      keep: () => undefined,
    }
  }
  const { families } = await import('../conformance/checks/index.ts')
  const { catalogueOf } = await import('../conformance/selection.ts')
  const { Expectations } = await import('../conformance/expectations.ts')
  const { OtherRun } = await import('../conformance/against.ts')
  const checks = catalogueOf(families).map(({ check }) => check)
  const ids = checks.map(({ id }) => id)

  const expected =
    expect === undefined ? undefined : (await readExpectationFile(expectationFile(expect))).expectations
  const keep = await openKeep(writeExpect, expected ?? [], checks, warn)
  if (against !== undefined) {
    const { loadVerifyReport } = await import('../conformance/saved/load.ts')
    const other = loadVerifyReport(against)
    if (other.interrupted === true) warn(`${against} was interrupted: it does not have every result`)
    const run = new OtherRun(against, other)
    const leftOut = new Set(ids.filter((id) => !chosen.includes(id)))
    return {
      isFinding: (result) => run.judge(result).there !== undefined,
      judge: (report) => run.hold(report, leftOut),
      keep,
    }
  }
  if (expect === undefined || expected === undefined) {
    return {
      isFinding: (result) => isFinding(result, strict),
      judge: (report) => ({ ...report, ...strict }),
      keep,
    }
  }
  const expectations = new Expectations(expected, ids)
  return {
    isFinding: (result) => isFinding(expectations.judge(result), strict),
    judge: (report) => expectations.hold({ ...report, ...strict }, expect),
    keep,
  }
}

/** Reads an expectation file. What validates it is loaded only now: it is hundreds of modules. */
async function readExpectationFile(file: string): Promise<ExpectationFile> {
  const { loadExpectations } = await import('../conformance/saved/load.ts')
  return loadExpectations(file)
}

/** The file that is meant: one that comes with evloop by its name alone, any other by its path. */
function expectationFile(name: string): string {
  if (shippedNames().includes(name)) return join(shippedFolder(), `${name}.json`)
  if (existsSync(name)) return name
  throw new UsageError(
    `--expect ${name}: there is no such file`,
    `those that come with evloop: ${shippedNames().join(', ')}`,
  )
}

/** What writes the expectation file. An older one must be one, or something else would be lost. */
async function openKeep(
  file: string | undefined,
  expected: readonly Expectation[],
  checks: readonly KnownCheck[],
  warn: (message: string) => void,
): Promise<Hold['keep']> {
  if (file === undefined) return () => undefined
  const { assertWritable, writeOutput } = await import('./output.ts')
  const { expectationsOf } = await import('../conformance/write-expectations.ts')
  assertWritable(file, '--write-expect')
  const older = existsSync(file) ? await readExpectationFile(file) : undefined
  return (report) => {
    if (report.interrupted === true || report.stopped === true) {
      warn(`${file} was not written: not everything was checked`)
      return
    }
    const made = expectationsOf(report, [...(older?.expectations ?? []), ...expected], checks)
    const text = { ...made, ...(older?.about === undefined ? {} : { about: older.about }) }
    writeOutput(file, `${JSON.stringify(text, null, 2)}\n`, '--write-expect')
  }
}
