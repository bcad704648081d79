import { describe, expect, it } from 'vitest'
import { closed } from '../../testing/closed-schema.ts'
import { checkResult, environment, verifyReport } from '../../testing/reports.ts'
import { everyVerdict } from '../../testing/verify-results.ts'
import { problemOf } from '../../saved/problem.ts'
import type { VerifyReport } from '../report.ts'
import { expectSchema, verifyResultSchema, verifySchema, verifySummarySchema } from './schema.ts'
import type { ExpectationFile, SavedVerifyReport } from './schema.ts'

/** A report with every field that there may be. */
const everything: VerifyReport = verifyReport(
  [
    ...everyVerdict,
    checkResult({
      outcome: 'fail',
      expected: 'a',
      actual: 'b',
      step: 'c',
      message: 'd',
      runs: { pass: 1, fail: 2 },
    }),
    { ...checkResult(), there: { outcome: 'fail', expected: 'a', actual: 'b', step: 'c', message: 'd' } },
  ],
  {
    summary: { ...verifyReport(everyVerdict).summary, expected: 1, unexpected: 1 },
    strict: true,
    expectations: { file: 'x', unknown: ['y'] },
    against: {
      file: 'x',
      startedAt: 'y',
      environment,
      compared: 1,
      differences: 1,
      onlyHere: ['a'],
      onlyThere: ['b'],
    },
    seed: 5,
    stopped: true,
    interrupted: true,
  },
)

/** A file with every field that there may be. */
const expectations: ExpectationFile = {
  schema: 'evloop/expect@1',
  about: 'gVisor',
  tool: { name: 'evloop', version: '1' },
  madeAt: '2026',
  madeOn: {
    os: 'linux',
    arch: 'x64',
    kernel: '6',
    libc: 'glibc',
    node: '20',
    sandbox: ['gvisor'],
    library: 'x.so',
  },
  expectations: [
    { id: 'a.*', backend: 'epoll', outcome: ['fail', 'pass'], reason: 'x' },
    { id: 'b', outcome: 'unsupported', reason: 'x' },
  ],
}

describe('the schemas of verify', () => {
  it.each([
    ['verify', verifySchema],
    ['verify-result', verifyResultSchema],
    ['verify-summary', verifySummarySchema],
    ['expect', expectSchema],
  ])('are the published files: %s', async (name, schema) => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
      `../../../schemas/${name}.schema.json`,
    )
  })

  it('are kept by reports, and know every field of them', () => {
    // The compiler holds the types to each other.
    const saved: SavedVerifyReport = everything
    expect(problemOf(verifySchema, saved)).toBeUndefined()
    // The environment is a probe report, of which the schema knows few fields.
    const { against: _other, ...rest } = everything
    expect(problemOf(closed(verifySchema), rest)).toBeUndefined()
    expect(problemOf(closed(verifySchema), { ...rest, extra: 1 })).toContain('extra')
    expect(problemOf(verifySchema, { ...everything, extra: { deep: [1] } })).toBeUndefined()
  })

  it('are kept by expectation files', () => {
    expect(problemOf(closed(expectSchema), expectations)).toBeUndefined()
    expect(problemOf(expectSchema, { schema: 'evloop/expect@1', expectations: [] })).toBeUndefined()
  })
})
