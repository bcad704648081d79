/** Holding a run against another machine's. Pure: no file is touched. */
import type { CheckResult } from './check.ts'
import type { JudgedResult, VerifyReport } from './report.ts'
import type { SavedVerifyReport, SavedVerifyResult } from './saved/schema.ts'

/** A report of another machine, or of another day. */
export class OtherRun {
  readonly #file: string
  readonly #report: SavedVerifyReport
  readonly #results: ReadonlyMap<string, SavedVerifyResult>

  constructor(file: string, report: SavedVerifyReport) {
    this.#file = file
    this.#report = report
    this.#results = new Map(report.results.map((result) => [keyOf(result), result]))
  }

  /** The result, with how it came out there if that is something else. What is not there cannot differ. */
  judge(result: CheckResult): JudgedResult {
    const other = this.#results.get(keyOf(result))
    if (other === undefined || isSame(result, other)) return result
    const { outcome, expected, actual, step, message } = other
    return {
      ...result,
      there: {
        outcome,
        ...(expected === undefined ? {} : { expected }),
        ...(actual === undefined ? {} : { actual }),
        ...(step === undefined ? {} : { step }),
        ...(message === undefined ? {} : { message }),
      },
    }
  }

  /** The report with its results held against those of the other. Checks that were left out are not missing here. */
  hold(report: VerifyReport, leftOut: ReadonlySet<string>): VerifyReport {
    const results = report.results.map((result) => this.judge(result))
    const here = new Set(results.map(keyOf))
    const backends = new Set<string>(results.map(({ backend }) => backend))
    const onlyThere = this.#report.results.filter(
      (one) => backends.has(one.backend) && !leftOut.has(one.id) && !here.has(keyOf(one)),
    )
    const onlyHere = results.filter((one) => !this.#results.has(keyOf(one)))
    const { startedAt, environment } = this.#report
    return {
      ...report,
      results,
      against: {
        file: this.#file,
        startedAt,
        environment,
        compared: results.length - onlyHere.length,
        differences: results.filter(({ there }) => there !== undefined).length,
        onlyHere: onlyHere.map(inWords),
        onlyThere: onlyThere.map(inWords),
      },
    }
  }
}

const keyOf = ({ id, backend }: { readonly id: string; readonly backend: string }): string =>
  `${backend} ${id}`
const inWords = ({ id, backend }: { readonly id: string; readonly backend: string }): string =>
  `${id} on ${backend}`

/** The same outcome, and the same came. How it is worded why something is unsupported does not matter. */
function isSame(a: CheckResult, b: SavedVerifyResult): boolean {
  return a.outcome === b.outcome && withoutTimes(a.actual) === withoutTimes(b.actual)
}

/** Durations are never the same twice. */
function withoutTimes(text: string | undefined): string | undefined {
  return text?.replaceAll(/\d+(?:\.\d+)? ?(ns|us|ms|s)\b/g, '? $1')
}
