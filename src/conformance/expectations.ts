/** Holding results against an expectation file, and making one. Pure: no file is touched. */
import type { Outcome } from './check.ts'
import type { JudgedResult, VerifyReport } from './report.ts'
import type { Expectation } from './saved/schema.ts'
import { matchingIds } from './selection.ts'

/** An entry, with the checks that it is about. */
interface Entry {
  readonly expectation: Expectation
  readonly outcomes: readonly Outcome[]
  readonly ids: ReadonlySet<string>
}

/** What is expected of the checks there are. */
export class Expectations {
  readonly #entries: readonly Entry[]

  /** `ids` are those of all checks, whether they run or not. */
  constructor(expectations: readonly Expectation[], ids: readonly string[]) {
    this.#entries = expectations.map((expectation) => ({
      expectation,
      outcomes: outcomesOf(expectation),
      ids: new Set(matchingIds(expectation.id, ids)),
    }))
  }

  /** The entries that are about no check at all, by their ids: a slip of the pen, or of another version. */
  get unknown(): string[] {
    return this.#entries.filter(({ ids }) => ids.size === 0).map(({ expectation }) => expectation.id)
  }

  /**
   * The result, with the entry that says that it comes out so, or one that says otherwise. Any of several entries
   * about a check will do. What could not be checked is not held against anything.
   */
  judge(result: JudgedResult): JudgedResult {
    const about = this.#entries.filter((entry) => isAbout(entry, result))
    const met = about.find(({ outcomes }) => outcomes.includes(result.outcome))
    if (met !== undefined) {
      const { id, reason } = met.expectation
      return { ...result, expectedBy: { id, reason } }
    }
    const [missed] = about
    if (missed === undefined || result.outcome === 'unsupported') return result
    const { id, reason } = missed.expectation
    return { ...result, unexpected: { id, outcome: missed.outcomes, reason } }
  }

  /** The report with its results judged. */
  hold(report: VerifyReport, file: string): VerifyReport {
    const results = report.results.map((result) => this.judge(result))
    const summary = {
      ...report.summary,
      expected: results.filter(({ expectedBy, outcome }) => expectedBy !== undefined && outcome !== 'pass')
        .length,
      unexpected: results.filter(({ unexpected }) => unexpected !== undefined).length,
    }
    return { ...report, results, summary, expectations: { file, unknown: this.unknown } }
  }
}

/** The outcomes that an entry allows. */
export function outcomesOf({ outcome }: Expectation): readonly Outcome[] {
  return typeof outcome === 'string' ? [outcome] : outcome
}

function isAbout({ expectation, ids }: Entry, { id, backend }: JudgedResult): boolean {
  return ids.has(id) && (expectation.backend ?? backend) === backend
}
