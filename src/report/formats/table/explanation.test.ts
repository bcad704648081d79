import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { close, epoll, pipe } from '../../../conformance/build.ts'
import { catalogueReport } from '../../../conformance/catalogue-report.ts'
import { epollCheck, portableCheck } from '../../../conformance/define.ts'
import { makeStyle } from '../../style.ts'
import { explanation } from './explanation.ts'

const plain = { style: makeStyle(false), verbose: false }

const family = { name: 'fam', title: 'a family', why: 'It matters.', checks: [] }
const scenario = portableCheck({
  id: 'fam.one',
  statement: `One holds, ${'and so on '.repeat(12)}to the end.`,
  source: 'poll(2)',
  bugs: ['kernel 1: lost', 'kernel 2: found'],
  differs: 'BSD does not.',
  steps: (backend) => (backend === 'epoll' ? [epoll('ep'), close('ep')] : [pipe('r', 'w')]),
})
const program = epollCheck({
  id: 'fam.two',
  statement: 'Two holds.',
  source: 'measured',
  why: 'It matters more.',
  kind: 'race',
  run: () => undefined,
})

describe('an explanation', () => {
  it('of one check has everything, and its steps where they differ between backends', () => {
    const report = catalogueReport([{ check: scenario, family }], { stepsOn: ['epoll', 'poll', 'select'] })
    expect(explanation(report, plain)).toMatchInlineSnapshot(`
      "fam.one (contract, det) on epoll, kqueue, io_uring, io_uring-sqpoll, poll, select, userspace
        One holds, and so on and so on and so on and so on and so on and so on and so on and so on and so
        on and so on and so on and so on to the end.
        why     It matters.
        bugs    kernel 1: lost
                kernel 2: found
        differs BSD does not.
        source  poll(2)
        steps on epoll
           1  epoll_create1: ep
           2  close(ep)
        steps on poll
           1  pipe: r, w
        steps on select: the same
      "
    `)
  })

  it('of a check that is a function has no steps', () => {
    const report = catalogueReport([{ check: program, family }], { stepsOn: ['epoll'] })
    expect(explanation(report, plain)).toMatchInlineSnapshot(`
      "fam.two (contract, race) on epoll
        Two holds.
        why     It matters more.
        source  measured
      "
    `)
  })

  it('of several has what they have in common once, and no steps', () => {
    const entries = [scenario, program].map((check) => ({ check, family }))
    expect(explanation(catalogueReport(entries), plain)).toMatchInlineSnapshot(`
      "fam: a family
        why     It matters.

      fam.one (contract, det) on epoll, kqueue, io_uring, io_uring-sqpoll, poll, select, userspace
        One holds, and so on and so on and so on and so on and so on and so on and so on and so on and so
        on and so on and so on and so on to the end.
        bugs    kernel 1: lost
                kernel 2: found
        differs BSD does not.

      fam.two (contract, race) on epoll
        Two holds.
        why     It matters more.
      "
    `)
  })

  it('shows a long scenario in full only if it is to be verbose', () => {
    const long = epollCheck({ ...program, steps: Array.from({ length: 42 }, () => close('r')) })
    const report = catalogueReport([{ check: long, family }], { stepsOn: ['epoll'] })
    expect(explanation(report, plain)).toMatch(/ {4}40 {2}close\(r\)\n {8}and 2 more steps \(--verbose\)\n$/)
    expect(explanation(report, { ...plain, verbose: true })).toMatch(/ {4}42 {2}close\(r\)\n$/)
  })

  it('has the same words with colour', () => {
    const report = catalogueReport([{ check: scenario, family }], { stepsOn: ['epoll'] })
    const colored = explanation(report, { ...plain, style: makeStyle(true) })
    expect(colored).not.toBe(explanation(report, plain))
    expect(stripVTControlCharacters(colored)).toBe(explanation(report, plain))
  })
})
