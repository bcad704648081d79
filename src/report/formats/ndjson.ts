import type { Format } from '../format.ts'
import type { VerifyReport } from '../../conformance/report.ts'
import { escapeControls } from './json.ts'

/** One document a line: every result, and at the end a line about the run. */
function verifyLines(report: VerifyReport): string {
  const lines = [
    ...report.results.map((result) => ({ schema: 'evloop/verify-result@1', ...result })),
    { ...report, schema: 'evloop/verify-summary@1', results: undefined },
  ]
  return lines.map((line) => `${escapeControls(JSON.stringify(line))}\n`).join('')
}

/** For programs that read as it comes, and for `grep`. */
export const ndjson: Pick<Format, 'verify'> = { verify: verifyLines }
