import { describe, expect, it } from 'vitest'
import type { CheckResult } from '../../src/conformance/check.ts'
import { checkResult } from '../../src/testing/reports.ts'
import { judgeControl, judgeMutant } from './judge.ts'
import type { Control, Mutant } from './mutant.ts'

const mutant: Mutant = {
  name: 'deaf',
  path: 'deaf.c',
  fault: 'It reports nothing.',
  seenIn: 'deaf#1.',
  caughtBy: ['epoll.lt.basic-in', 'epoll.et.*'],
  on: ['epoll'],
}

const fails = (id: string): CheckResult =>
  checkResult({ id, outcome: 'fail', expected: 'r IN', actual: 'no events', step: 'step 3: wait' })

const problemsOf = (over: Partial<Mutant>, results: readonly CheckResult[], complaints: string[] = []) =>
  judgeMutant({ ...mutant, ...over }, { results, complaints, durationMs: 1 }).problems

describe('a mutant', () => {
  it('is caught when every check that it names found something', () => {
    const results = [fails('epoll.lt.basic-in'), fails('epoll.et.once'), checkResult({ id: 'epoll.et.oob' })]
    const verdict = judgeMutant(mutant, { results, complaints: [], durationMs: 1 })
    expect(verdict.problems).toEqual([])
    expect(verdict.findings.map(({ id }) => id)).toEqual(['epoll.lt.basic-in', 'epoll.et.once'])
  })

  it('is missed where one of them passed, did not apply, or did not run', () => {
    const other = fails('epoll.lt.two-fds')
    expect(problemsOf({}, [checkResult(), other])).toEqual([
      'not caught by epoll.lt.basic-in',
      'not caught by epoll.et.*, which did not run',
    ])
    const unsupported = checkResult({ outcome: 'unsupported', message: 'no threads' })
    expect(problemsOf({ caughtBy: ['epoll.lt.basic-in'] }, [unsupported])).toEqual([
      'not caught by epoll.lt.basic-in, which is unsupported: no threads',
    ])
  })

  it('may be a quirk that is different', () => {
    const result = checkResult({ outcome: 'diverges' })
    expect(problemsOf({ caughtBy: ['epoll.lt.basic-in'] }, [result])).toEqual([])
  })

  it('must say what it must', () => {
    const caughtBy = ['epoll.lt.*']
    const results = [fails('epoll.lt.basic-in')]
    expect(problemsOf({ caughtBy, says: 'r IN -> no events at step 3' }, results)).toEqual([])
    expect(problemsOf({ caughtBy, says: 'r OUT' }, results)).toEqual(['no finding says "r OUT"'])
  })

  it('must break nothing', () => {
    const broken = checkResult({ id: 'a', outcome: 'broken', step: 'step 1: pipe', message: 'EMFILE' })
    const trace = { ...fails('epoll.lt.basic-in'), message: 'TypeError: no\n    at somewhere' }
    expect(problemsOf({ caughtBy: ['epoll.lt.*'] }, [broken, trace], ['no child process'])).toEqual([
      'a is broken at step 1: pipe: EMFILE',
      'epoll.lt.basic-in tells a stack trace',
      'no child process',
    ])
  })
})

describe('a control', () => {
  const control: Control = {
    name: 'shim',
    path: 'shim.c',
    on: ['epoll'],
    cannot: ['epoll.nest', 'epoll.et.*'],
  }
  const alarmsOf = (results: readonly CheckResult[]): readonly string[] =>
    judgeControl(control, { results, complaints: [], durationMs: 1 }).problems

  it('may fail only where it says so', () => {
    expect(alarmsOf([checkResult(), fails('epoll.nest.lt'), fails('epoll.et.once')])).toEqual([])
    expect(alarmsOf([fails('epoll.lt.two-fds')])).toEqual([
      'a false alarm: epoll epoll.lt.two-fds: r IN -> no events at step 3: wait',
    ])
    const diverging = checkResult({ id: 'a.quirk', outcome: 'diverges' })
    expect(alarmsOf([diverging])).toHaveLength(1)
  })

  it('must have been looked at', () => {
    expect(alarmsOf([])).toEqual(['no check ran'])
  })
})
