import { loadDocument } from '../../saved/document.ts'
import { outcomes } from '../check.ts'
import { EXPECT_SCHEMA, expectSchema, VERIFY_SCHEMA, verifySchema } from './schema.ts'
import type { ExpectationFile, SavedVerifyReport } from './schema.ts'

/** A report that was saved with `--format json`. Throws `SavedFileError`, with the first thing that is wrong in it. */
export function loadVerifyReport(file: string): SavedVerifyReport {
  return loadDocument(file, {
    kind: 'verify',
    name: VERIFY_SCHEMA,
    schema: verifySchema,
    contradictionOf: (document) => contradictionOf(document as SavedVerifyReport),
  }) as SavedVerifyReport
}

/** An expectation file. Throws `SavedFileError`, with the first thing that is wrong in it. */
export function loadExpectations(file: string): ExpectationFile {
  return loadDocument(file, { kind: 'expect', name: EXPECT_SCHEMA, schema: expectSchema }) as ExpectationFile
}

/** The first thing in which a report contradicts itself, which no schema can say. */
function contradictionOf({ results, summary }: SavedVerifyReport): string | undefined {
  const seen = new Map<string, number>()
  for (const [i, { id, backend }] of results.entries()) {
    const first = seen.get(`${backend} ${id}`)
    if (first !== undefined) return `results[${i}] is a second result for what results[${first}] is of`
    seen.set(`${backend} ${id}`, i)
  }
  for (const outcome of outcomes) {
    const count = results.filter((result) => result.outcome === outcome).length
    if (summary[outcome] !== count) {
      return `summary.${outcome} is ${summary[outcome]}; expected as many as there are results, ${count}`
    }
  }
  return undefined
}
