import { describe, expect, it } from 'vitest'
import { checkResult, verifyReport } from '../testing/reports.ts'
import { Expectations } from './expectations.ts'
import type { Expectation } from './saved/schema.ts'

const ids = ['a.x', 'a.y', 'a.y.z', 'b.x']
const expectations = (...entries: Expectation[]): Expectations => new Expectations(entries, ids)
const entry = (over: Partial<Expectation>): Expectation => ({
  id: 'a.x',
  outcome: 'fail',
  reason: 'known',
  ...over,
})
const result = (over: Parameters<typeof checkResult>[0]): ReturnType<typeof checkResult> =>
  checkResult({ id: 'a.x', ...over })

describe('a result that is held against expectations', () => {
  it('is expected if an entry says that it comes out so', () => {
    const failed = result({ outcome: 'fail' })
    expect(expectations(entry({})).judge(failed)).toEqual({
      ...failed,
      expectedBy: { id: 'a.x', reason: 'known' },
    })
  })

  it.each(['pass', 'diverges', 'broken'] as const)('is unexpected if it is %s instead', (outcome) => {
    expect(expectations(entry({})).judge(result({ outcome }))).toEqual({
      ...result({ outcome }),
      unexpected: { id: 'a.x', outcome: ['fail'], reason: 'known' },
    })
  })

  it('is not unexpected if it could not be checked', () => {
    const gone = result({ outcome: 'unsupported' })
    expect(expectations(entry({})).judge(gone)).toBe(gone)
  })

  it('is unexpected if it passes and was to be unsupported', () => {
    expect(expectations(entry({ outcome: 'unsupported' })).judge(result({}))).toHaveProperty('unexpected')
  })

  it('is left as it is where no entry is about it: another id, another backend', () => {
    const failed = result({ outcome: 'fail' })
    expect(expectations(entry({ id: 'b.x' }), entry({ backend: 'poll' })).judge(failed)).toBe(failed)
  })

  it.each(['a.*', 'a', '?.x', '*'])('is found by the pattern %s', (id) => {
    expect(expectations(entry({ id })).judge(result({ outcome: 'fail' }))).toHaveProperty('expectedBy')
  })

  it('is not found by an id that is only the beginning of its own', () => {
    const failed = result({ id: 'a.y.z', outcome: 'fail' })
    expect(expectations(entry({ id: 'a.y' })).judge(failed)).toBe(failed)
  })

  it('may come out in one of several ways, in one entry or in several', () => {
    const either = [entry({ outcome: ['fail', 'pass'] })]
    const both = [entry({}), entry({ outcome: 'pass', reason: 'a race' })]
    for (const entries of [either, both]) {
      expect(expectations(...entries).judge(result({}))).toHaveProperty('expectedBy')
      expect(expectations(...entries).judge(result({ outcome: 'fail' }))).toHaveProperty('expectedBy')
      expect(expectations(...entries).judge(result({ outcome: 'broken' }))).toHaveProperty('unexpected')
    }
  })
})

describe('a report that is held against expectations', () => {
  it('counts what was expected and what was not, and names entries that are about nothing', () => {
    const report = verifyReport([
      result({ outcome: 'fail' }),
      result({ id: 'a.y' }),
      result({ id: 'a.y.z', outcome: 'fail' }),
    ])
    const held = expectations(entry({}), entry({ id: 'a.y' }), entry({ id: 'c.*' })).hold(report, 'x.json')
    expect(held.expectations).toEqual({ file: 'x.json', unknown: ['c.*'] })
    expect(held.summary).toEqual({ ...report.summary, expected: 1, unexpected: 1 })
    expect(held.results.map((one) => Object.keys(one).at(-1))).toEqual([
      'expectedBy',
      'unexpected',
      'durationMs',
    ])
  })
})
