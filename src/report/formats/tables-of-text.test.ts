import { describe, expect, it } from 'vitest'
import { verifyResultSchema, verifySummarySchema } from '../../conformance/saved/schema.ts'
import { problemOf } from '../../saved/problem.ts'
import { closed } from '../../testing/closed-schema.ts'
import { checkResult, verifyReport } from '../../testing/reports.ts'
import { everyVerdict } from '../../testing/verify-results.ts'
import { makeStyle } from '../style.ts'
import { csv } from './csv.ts'
import { markdown } from './markdown.ts'
import { ndjson } from './ndjson.ts'

const options = { style: makeStyle(false), verbose: false }
const report = verifyReport(everyVerdict)

describe('NDJSON', () => {
  it('is a document a line: the results, and what is left of the report', () => {
    const lines = ndjson
      .verify(report, options)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(lines.slice(0, -1)).toEqual(
      everyVerdict.map((result) => ({ schema: 'evloop/verify-result@1', ...result })),
    )
    const { results: _results, ...run } = report
    expect(lines.at(-1)).toEqual({ ...run, schema: 'evloop/verify-summary@1' })
  })

  it('keeps to its schemas, which know every field', () => {
    const lines = ndjson
      .verify(verifyReport(everyVerdict, { strict: true, seed: 1 }), options)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    for (const line of lines.slice(0, -1)) expect(problemOf(closed(verifyResultSchema), line)).toBeUndefined()
    expect(problemOf(closed(verifySummarySchema), lines.at(-1))).toBeUndefined()
    expect(problemOf(verifyResultSchema, lines.at(-1))).toBeDefined()
  })

  it('has one line for a text of several', () => {
    const text = ndjson.verify(verifyReport([checkResult({ message: 'a\nb\u0085' })]), options)
    expect(text.trimEnd().split('\n')).toHaveLength(2)
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u)
  })
})

describe('CSV', () => {
  it('is a row for each result', () => {
    expect(csv.verify(report, options)).toMatchInlineSnapshot(`
      "backend,family,id,level,outcome,verdict,durationMs,expected,actual,step,message,reason
      epoll,epoll.lt,epoll.lt.basic-in,contract,pass,ok,1,,,,,
      poll,loop,loop.wake,contract,pass,ok,12.5,,,,1000 rounds,
      epoll,epoll.lt,epoll.lt.two-fds,contract,fail,failed,1234.5678,"r1 IN, r2 IN",r1 IN,step 8: epoll.wait ep ep,,
      epoll,epoll.lt,epoll.lt.band-bits,quirk,diverges,divergent,1,r RDNORM,r IN|RDNORM,step 8: epoll.wait ep ep,,
      epoll,epoll.lt,epoll.lt.rcvlowat,contract,broken,broken,1,,,"step 1: tcp client c, server s",Error: no\\x0a    at x,
      epoll,poller,poller.large-fd,contract,unsupported,unsupported,1,,,,"no room, 100 % full",
      epoll,epoll.lt,epoll.lt.basic-out,contract,fail,expected failure,1,w OUT,nothing,,,pipes are never writable here: #1 | \`x\`
      epoll,epoll.lt,epoll.lt.partial-drain,contract,pass,unexpected pass,1,,,,,it was broken in 1.0
      "
    `)
  })

  it('quotes what would end a field', () => {
    const text = csv.verify(verifyReport([checkResult({ message: 'a "b", c\nd' })]), options)
    expect(text.split('\n')[1]).toContain(',"a ""b"", c\\x0ad",')
  })
})

describe('Markdown', () => {
  it('is a table of families and backends, and what needs attention', () => {
    expect(markdown.verify(report, options)).toMatchInlineSnapshot(`
      "# evloop verify · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0

      8 checks, 8 results: 2 ok, 1 failed, 1 broken, 1 unexpected pass, 1 divergent, 1 expected failure, 1 unsupported, in 1.23 s.

      | family |  | epoll | poll |
      | --- | --- | --- | --- |
      | \`poller\` | Poller contract | 1 unsupported | - |
      | \`loop\` | EventLoop | - | 1 ok |
      | \`epoll.lt\` | level-triggered epoll | 1 ok, 1 failed, 1 broken, 1 unexpected pass, 1 divergent, 1 expected failure | - |

      ## Findings

      - **failed** \`epoll.lt.two-fds\` on epoll (contract, 1.23 s)
        - Two ready descriptors are both reported, on every wait.
        - expected: \`r1 IN, r2 IN\`
        - actual: \`r1 IN\`
        - at: \`step 8: epoll.wait ep ep\`

      - **broken** \`epoll.lt.rcvlowat\` on epoll (contract, 1.00 ms)
        - A TCP socket with SO\\_RCVLOWAT of 10 is not readable at 5 bytes, is at 10, and at once when it is lowered.
        - at: \`step 1: tcp client c, server s\`
        - because: \`Error: no\`

      - **unexpected pass** \`epoll.lt.partial-drain\` on epoll (contract, 1.00 ms)
        - Reading a part of the data leaves the descriptor reported.
        - entry: \`epoll.lt.partial-drain is to be fail: it was broken in 1.0\`

      ## Allowed differences

      - **divergent** \`epoll.lt.band-bits\` on epoll (quirk, 1.00 ms)
        - RDNORM and WRNORM are bits of their own, reported only if asked for; an eventfd never sets them.
        - expected: \`r RDNORM\`
        - actual: \`r IN|RDNORM\`
        - at: \`step 8: epoll.wait ep ep\`

      - **expected failure** \`epoll.lt.basic-out\` on epoll (contract, 1.00 ms)
        - The write end of a pipe is reported as OUT on every wait until the pipe is full, and then not at all.
        - expected: \`w OUT\`
        - actual: \`nothing\`
        - entry: \`\` epoll.lt.basic-*: pipes are never writable here: #1 | \`x\` \`\`

      ## Unsupported

      - poller.large-fd on epoll: no room, 100 % full
      "
    `)
  })

  it('has no markup that is not its own', () => {
    const evil = '**x** | <img src=x> `a` ``b`` [l](u)'
    const text = markdown.verify(
      verifyReport([
        checkResult({ outcome: 'fail', expected: evil, actual: evil, message: evil }),
        checkResult({ outcome: 'unsupported', message: evil }),
      ]),
      options,
    )
    expect(text).toContain('  - expected: ``` **x** | <img src=x> `a` ``b`` [l](u) ```')
    expect(text).toContain(
      '- epoll.lt.basic-in on epoll: \\*\\*x\\*\\* \\| \\<img src=x\\> \\`a\\` \\`\\`b\\`\\` \\[l\\](u)',
    )
  })
})
