import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { benchReport, benchResult, checkResult, environment, verifyReport } from '../../testing/reports.ts'
import { makeStyle } from '../style.ts'
import { json } from './json.ts'

const options = { style: makeStyle(true), verbose: true }

describe('JSON', () => {
  it('is the report itself, as one document and a line feed', () => {
    const reports = [verifyReport([checkResult()]), benchReport([benchResult()])] as const
    const texts = [json.verify(reports[0], options), json.bench(reports[1], options)]
    expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(reports)
    expect(JSON.parse(json.probe(environment, options))).toEqual(environment)
    expect(texts.every((text) => text.endsWith('}\n'))).toBe(true)
  })

  it('has no control character that a terminal would obey, and still means the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (message) => {
        const report = verifyReport([checkResult({ message })])
        const text = json.verify(report, options)
        expect(text).not.toMatch(/(?!\n)\p{Cc}/u)
        expect(JSON.parse(text)).toEqual(report)
      }),
    )
  })
})
