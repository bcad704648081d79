import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkResult, verifyReport } from '../../testing/reports.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { loadExpectations, loadVerifyReport } from './load.ts'

const file = join(temporaryDirectory(), 'file.json')
const write = (document: unknown): void => writeFileSync(file, JSON.stringify(document))
const report = verifyReport([checkResult({ outcome: 'fail', expected: 'a', actual: 'b' })])
const [result] = report.results

describe('a report of verify', () => {
  it('is read as it was saved', () => {
    write(report)
    expect(loadVerifyReport(file)).toEqual(report)
  })

  it.each<[document: unknown, reason: string]>([
    [[], 'it is not a verify report, but an array of 0'],
    [{ schema: 'evloop/bench@1' }, 'it is a report of evloop bench, not of evloop verify'],
    [{ schema: 'evloop/expect@1' }, 'it is an expectation file, not a verify report'],
    [
      { schema: 'evloop/verify@2' },
      'its schema is evloop/verify@2; this version of evloop reads evloop/verify@1',
    ],
    [{ ...report, results: [{ ...result, outcome: 'ok' }] }, 'results[0].outcome is "ok"; expected one of'],
    [
      { ...report, results: [{ ...result, durationMs: -1 }] },
      'results[0].durationMs is -1; expected at least 0',
    ],
    [{ ...report, results: [{ ...result, id: undefined }] }, 'results[0].id is missing'],
    [{ ...report, results: [result, result] }, 'results[1] is a second result for what results[0] is of'],
    [
      { ...report, summary: { ...report.summary, pass: 2 } },
      'summary.pass is 2; expected as many as there are',
    ],
  ])('is refused with the place and what is wrong: %j', (document, reason) => {
    write(document)
    expect(() => loadVerifyReport(file)).toThrow(`${file}: ${reason}`)
  })
})

describe('an expectation file', () => {
  const entry = { id: 'a', outcome: 'fail', reason: 'x' }

  it('needs its schema and its entries only', () => {
    const document = {
      schema: 'evloop/expect@1',
      expectations: [entry, { ...entry, outcome: ['fail', 'pass'] }],
    }
    write(document)
    expect(loadExpectations(file)).toEqual(document)
  })

  it.each<[document: unknown, reason: string]>([
    [{}, 'it is not an expectation file: schema is missing'],
    [report, 'it is a report of evloop verify, not an expectation file'],
    [{ schema: 'evloop/expect@1' }, 'expectations is missing'],
    [
      { schema: 'evloop/expect@1', expectations: [{ ...entry, reason: '' }] },
      'expectations[0].reason is ""; expected a length of at least 1',
    ],
    [
      { schema: 'evloop/expect@1', expectations: [{ id: 'a', outcome: 'fail' }] },
      'expectations[0].reason is missing',
    ],
    [
      { schema: 'evloop/expect@1', expectations: [{ ...entry, outcome: 'xfail' }] },
      'expectations[0].outcome is "xfail"; expected one of "pass"',
    ],
    [
      { schema: 'evloop/expect@1', expectations: [{ ...entry, outcome: [] }] },
      'expectations[0].outcome is an array of 0',
    ],
  ])('is refused with the place and what is wrong: %j', (document, reason) => {
    write(document)
    expect(() => loadExpectations(file)).toThrow(`${file}: ${reason}`)
  })
})
