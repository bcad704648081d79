/** Families by backends, as every format that has a table of them counts. */
import { backendNames } from '../../../backends/index.ts'
import type { BackendName } from '../../../backends/index.ts'
import { families } from '../../../conformance/checks/index.ts'
import type { JudgedResult, VerifyReport } from '../../../conformance/report.ts'
import { verdictOf } from '../../../conformance/verdict.ts'
import type { Verdict } from '../../../conformance/verdict.ts'

/** How many results of one kind there are, in words: `12 ok`. */
export interface Count {
  readonly count: number
  readonly verdict: Verdict
}

interface MatrixRow {
  readonly family: string
  readonly title: string
  /** One for each column; empty where the family has nothing for the backend. */
  readonly cells: readonly (readonly Count[])[]
}

export interface Matrix {
  readonly columns: readonly BackendName[]
  readonly rows: readonly MatrixRow[]
}

/** In the order of the families and of the backends. */
export function matrixOf(report: VerifyReport): Matrix {
  const { results } = report
  const columns = backendNames.filter((name) => results.some(({ backend }) => backend === name))
  const rows = families
    .map(({ name, title }) => ({ family: name, title, own: results.filter(({ family }) => family === name) }))
    .filter(({ own }) => own.length > 0)
    .map(({ family, title, own }) => ({
      family,
      title,
      cells: columns.map((backend) =>
        countsOf(
          own.filter((result) => result.backend === backend),
          report,
        ),
      ),
    }))
  return { columns, rows }
}

/** Verdicts come in this order; those of one kind in the order in which they are met. */
const kinds: readonly Verdict['kind'][] = ['well', 'finding', 'tolerated', 'skipped']

/** How many there are of each verdict. */
export function countsOf(results: readonly JudgedResult[], report: VerifyReport): Count[] {
  const counts = new Map<string, { count: number; readonly verdict: Verdict }>()
  for (const result of results) {
    const verdict = verdictOf(result, report)
    const known = counts.get(verdict.words)
    if (known === undefined) counts.set(verdict.words, { count: 1, verdict })
    else known.count++
  }
  return [...counts.values()].toSorted(
    (a, b) => kinds.indexOf(a.verdict.kind) - kinds.indexOf(b.verdict.kind),
  )
}

export function countInWords({ count, verdict }: Count): string {
  return `${count} ${verdict.words}`
}
