import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outcomes } from '../../conformance/check.ts'
import type { JudgedResult } from '../../conformance/report.ts'
import { benchReport, benchResult, checkResult, environment, verifyReport } from '../../testing/reports.ts'
import { makeStyle } from '../style.ts'
import { formatNamesOf, loadFormat } from './index.ts'

const options = { style: makeStyle(true), verbose: true }

describe('the formats', () => {
  it('are those that have a form for the reports of a command', () => {
    expect(formatNamesOf('bench')).toEqual(['table', 'json'])
    expect(formatNamesOf('verify')).toEqual([
      'table',
      'json',
      'ndjson',
      'markdown',
      'csv',
      'junit',
      'tap',
      'github',
    ])
    expect(formatNamesOf('nothing')).toEqual([])
  })

  it('turn every kind of report into text', async () => {
    for (const name of formatNamesOf('verify')) {
      expect((await loadFormat(name, 'verify')).verify(verifyReport([checkResult()]), options)).toMatch(/\n$/)
      expect((await loadFormat(name, 'verify')).verify(verifyReport([]), options)).toMatch(/\n$/)
    }
    for (const name of formatNamesOf('bench')) {
      const bench = await loadFormat(name, 'bench')
      expect(bench.bench(benchReport([benchResult()]), options)).toMatch(/\n$/)
      expect((await loadFormat(name, 'probe')).probe(environment, options)).toMatch(/\n$/)
    }
  })

  it('are not had by a command that they have no form for', async () => {
    await expect(loadFormat('junit', 'bench')).rejects.toThrow('junit is no format of bench')
  })
})

/** Text with all that a terminal, or a format, may take for something else. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u001B]0;owned\u0007', '::error::x', 'a\r\nb', '# TODO', ']]>', '%0A', 'x,y:z', '\uD800'),
)
const result: fc.Arbitrary<JudgedResult> = fc
  .record({
    outcome: fc.constantFrom(...outcomes),
    expected: text,
    actual: text,
    step: text,
    message: text,
    reason: text,
    held: fc.constantFrom('expectedBy', 'unexpected', 'there', undefined),
  })
  .map(({ held, reason, ...over }) => ({
    ...checkResult(over),
    ...(held === 'expectedBy' ? { expectedBy: { id: '*', reason } } : {}),
    ...(held === 'unexpected' ? { unexpected: { id: '*', outcome: ['fail'] as const, reason } } : {}),
    ...(held === 'there' ? { there: { outcome: 'fail' as const, actual: reason, message: reason } } : {}),
  }))

describe('text from elsewhere', () => {
  it.each(formatNamesOf('verify'))('reaches no terminal with control characters: %s', async (name) => {
    const { verify } = await loadFormat(name, 'verify')
    fc.assert(
      fc.property(fc.array(result, { maxLength: 3 }), text, (results, file) => {
        const report = verifyReport(results, {
          against: {
            file,
            environment: { ...environment, platform: { ...environment.platform, kernel: file } },
            startedAt: file,
            compared: 1,
            differences: 1,
            onlyHere: [file],
            onlyThere: [],
          },
          expectations: { file, unknown: [file] },
        })
        for (const verbose of [false, true]) {
          const written = verify(report, { style: makeStyle(false), verbose })
          expect(written).not.toMatch(/(?!\n)\p{Cc}/u)
        }
      }),
    )
  })
})
