import { describe, expect, it } from 'vitest'
import { checkResult, verifyReport } from '../testing/reports.ts'
import type { CheckResult } from './check.ts'
import { Expectations } from './expectations.ts'
import type { Expectation } from './saved/schema.ts'
import { verdictOf } from './verdict.ts'
import { expectationsOf } from './write-expectations.ts'

const checks = [
  { id: 'a.x', backends: ['epoll', 'poll'] },
  { id: 'a.y', backends: ['epoll'] },
  { id: 'a.z', backends: ['epoll'] },
] as const
const result = (over: Partial<CheckResult>): CheckResult => checkResult({ id: 'a.x', ...over })
const failed = { outcome: 'fail', expected: 'r IN', actual: 'nothing' } as const

const made = (results: readonly CheckResult[], older: readonly Expectation[] = []): readonly Expectation[] =>
  expectationsOf(verifyReport(results), older, checks).expectations

describe('an expectation file that is made of a run', () => {
  it('has an entry for each result other than passing, with the reason that there is', () => {
    const results = [
      result({ id: 'a.y', ...failed }),
      result({ id: 'a.z', outcome: 'unsupported', message: 'no timerfd\nat all' }),
      result({ backend: 'poll', outcome: 'broken', message: '' }),
      result({}),
    ]
    expect(made(results)).toEqual([
      { id: 'a.x', backend: 'poll', outcome: 'broken', reason: 'it is broken' },
      { id: 'a.y', outcome: 'fail', reason: 'expected r IN, got nothing' },
      { id: 'a.z', outcome: 'unsupported', reason: 'no timerfd' },
    ])
  })

  it('has one entry for all backends of a check where it is the same on all of them', () => {
    const both = [result(failed), result({ backend: 'poll', ...failed })]
    expect(made(both)).toEqual([{ id: 'a.x', outcome: 'fail', reason: 'expected r IN, got nothing' }])
    expect(made(both.slice(0, 1))).toMatchObject([{ id: 'a.x', backend: 'epoll' }])
  })

  it('says where it was made', () => {
    expect(expectationsOf(verifyReport([]), [], checks)).toEqual({
      schema: 'evloop/expect@1',
      tool: { name: 'evloop', version: '1.2.3' },
      madeAt: '2026-01-02T03:04:05.678Z',
      madeOn: { os: 'linux', arch: 'x64', kernel: '6.1.0', libc: 'glibc 2.36', node: '20.19.0', sandbox: [] },
      expectations: [],
    })
  })

  it('keeps entries of an older file that still hold, and those of what did not run', () => {
    const older: readonly Expectation[] = [
      { id: 'a.*', backend: 'epoll', outcome: ['fail', 'pass'], reason: 'a race' },
      { id: 'a.x', backend: 'poll', outcome: 'fail', reason: 'did not run' },
    ]
    expect(made([result(failed), result({ id: 'a.y' })], older)).toEqual(older)
  })

  it('takes an entry that holds for a part only apart, and keeps its reason there', () => {
    const older: readonly Expectation[] = [{ id: 'a', outcome: 'fail', reason: 'known' }]
    const results = [
      result(failed),
      result({ id: 'a.y' }),
      result({ id: 'a.z', outcome: 'broken', message: 'no' }),
    ]
    expect(made(results, older)).toEqual([
      { id: 'a.x', backend: 'epoll', outcome: 'fail', reason: 'known' },
      { id: 'a.z', outcome: 'broken', reason: 'no' },
    ])
  })

  it('drops entries of checks that there are no more, and those that are there twice', () => {
    const known: Expectation = { id: 'a.y', outcome: 'fail', reason: 'known' }
    const gone: Expectation = { id: 'gone', outcome: 'fail', reason: 'known' }
    expect(made([result({ id: 'a.y', ...failed })], [known, gone, { ...known, reason: 'twice' }])).toEqual([
      known,
    ])
  })

  it('is met by the run that it was made of', () => {
    const results = [
      result(failed),
      result({ backend: 'poll', outcome: 'broken' }),
      result({ id: 'a.y', outcome: 'diverges' }),
      result({ id: 'a.z' }),
    ]
    const report = verifyReport(results, { strict: true })
    const expectations = new Expectations(
      made(results),
      checks.map(({ id }) => id),
    )
    const held = expectations.hold(report, 'x')
    expect(held.results.map((one) => verdictOf(one, held).kind)).toEqual([
      'tolerated',
      'tolerated',
      'tolerated',
      'well',
    ])
  })
})
