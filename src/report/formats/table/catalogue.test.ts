import { describe, expect, it } from 'vitest'
import { catalogueReport } from '../../../conformance/catalogue-report.ts'
import { epollCheck, portableCheck } from '../../../conformance/define.ts'
import { makeStyle } from '../../style.ts'
import { catalogueTable } from './catalogue.ts'

const family = { name: 'fam', title: 'A family', why: 'It matters.', checks: [] }
const entries = [
  epollCheck({ id: 'fam.one', statement: 'One holds.', source: 'test', steps: [], kind: 'race' }),
  portableCheck({ id: 'fam.two', statement: 'Two hold.', source: 'test', steps: [], level: 'quirk' }),
].map((check) => ({ check, family }))

describe('the list of checks', () => {
  it('has a line for each', () => {
    const text = catalogueTable(catalogueReport(entries), { style: makeStyle(false), verbose: false })
    expect(text).toMatchInlineSnapshot(`
      "id       level     kind  backends                                                           what must hold
      ──────────────────────────────────────────────────────────────────────────────────────────────────────────
      fam.one  contract  race  epoll                                                              One holds.
      fam.two  quirk     det   epoll, kqueue, io_uring, io_uring-sqpoll, poll, select, userspace  Two hold.
      2 checks.
      "
    `)
  })
})
