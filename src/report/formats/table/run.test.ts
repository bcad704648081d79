import { describe, expect, it } from 'vitest'
import { runReport, scenarioReport } from '../../../testing/run-reports.ts'
import { makeStyle } from '../../style.ts'
import { markdown } from '../markdown.ts'
import { runTable } from './run.ts'

const options = { style: makeStyle(false), verbose: false }

describe('the table of run', () => {
  it('has a row for each step and a column for each backend, and marks what is not as expected', () => {
    expect(runTable(runReport([scenarioReport]), options)).toMatchInlineSnapshot(`
      "evloop run · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0

      a pipe (pipe.json)
      Everything that a step may come to.
      pipe(7)
      #     step                epoll        poll                  select            kqueue
      ────────────────────────────────────────────────────────────────────────────────────────────
      1     pipe: r, w          #0 #1        #0 #1                 #0 #1             there is none
      2  ✓  open a Poller: p    ok           ok                    ok                -
      3  ✓  p.add(r, READ)      ok           ok                    ok                -
              Level-triggered.
      4     write 1 byte to w   1            1                     1                 -
      5  ✗  p.wait()            r: READABLE  ✗ r: HANGUP           ✗ SIGSEGV         -
                                             expected r: READABLE  expected nothing
      6  ≠  p.wait()            r: READABLE  nothing               -                 -
      7  ✓  close(r)            0            0                     -                 -
      ✗ poll: SIGABRT behind the last step, in closing what was left

      1 scenario: 9 as expected, 1 not as expected, 2 backends crashed or hung, 1 step with nothing expected differs, 1 backend could not play.
      "
    `)
  })

  it('is the same in markdown, where nothing of it is markup', () => {
    expect(markdown.run(runReport([scenarioReport]), options)).toMatchInlineSnapshot(`
      "# evloop run · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0

      1 scenario: 9 as expected, 1 not as expected, 2 backends crashed or hung, 1 step with nothing expected differs, 1 backend could not play.

      ## a pipe

      Everything that a step may come to.

      pipe(7)

      | # |  | step | epoll | poll | select | kqueue |
      | ---: | --- | --- | --- | --- | --- | --- |
      | 1 |  | pipe: r, w | \\#0 \\#1 | \\#0 \\#1 | \\#0 \\#1 | there is none |
      | 2 | ✓ | open a Poller: p | ok | ok | ok | - |
      | 3 | ✓ | p.add(r, READ) *Level-triggered.* | ok | ok | ok | - |
      | 4 |  | write 1 byte to w | 1 | 1 | 1 | - |
      | 5 | ✗ | p.wait() | r: READABLE | ✗ r: HANGUP<br>expected r: READABLE | ✗ SIGSEGV<br>expected nothing | - |
      | 6 | ≠ | p.wait() | r: READABLE | nothing | - | - |
      | 7 | ✓ | close(r) | 0 | 0 | - | - |

      ✗ poll: SIGABRT behind the last step, in closing what was left
      "
    `)
  })

  it('obeys nothing that a file says', () => {
    const name = 'a\u001B]0;owned\u0007|b'
    const step = {
      op: 'close',
      text: name,
      note: name,
      on: { epoll: { outcome: 'open', given: name } },
    } as const
    const hostile = runReport([
      { ...scenarioReport, file: name, name, description: name, source: name, steps: [step] },
    ])
    expect(runTable(hostile, options)).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(markdown.run(hostile, options)).not.toMatch(/(?!\n)\p{Cc}|[^\\ \n]\|b/u)
  })

  it('has colours where they are wanted: what is wrong is red', () => {
    const text = runTable(runReport([scenarioReport]), { ...options, style: makeStyle(true) })
    expect(text).toContain('\u001B[31m✗ SIGSEGV\u001B[39m')
  })
})
