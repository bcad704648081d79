import { describe, expect, it } from 'vitest'
import { checkResult, verifyReport } from '../../testing/reports.ts'
import { everyVerdict } from '../../testing/verify-results.ts'
import { makeStyle } from '../style.ts'
import { tap } from './tap.ts'

const options = { style: makeStyle(false), verbose: false }
const write = (...results: Parameters<typeof verifyReport>): string =>
  tap.verify(verifyReport(...results), options)

describe('TAP', () => {
  it('has a test point for each result, what it is called, and what there is to know in YAML', () => {
    expect(write(everyVerdict)).toMatchInlineSnapshot(`
      "TAP version 14
      1..8
      ok 1 - epoll.lt.basic-in on epoll
        ---
        duration_ms: 1
        ...
      ok 2 - loop.wake on poll
        ---
        duration_ms: 12.5
        note: "1000 rounds"
        ...
      not ok 3 - epoll.lt.two-fds on epoll
        ---
        id: "epoll.lt.two-fds"
        family: "epoll.lt"
        backend: "epoll"
        level: "contract"
        outcome: "fail"
        verdict: "failed"
        duration_ms: 1234.5678
        statement: "Two ready descriptors are both reported, on every wait."
        expected: "r1 IN, r2 IN"
        actual: "r1 IN"
        at: "step 8: epoll.wait ep ep"
        ...
      not ok 4 - epoll.lt.band-bits on epoll # TODO divergent
        ---
        id: "epoll.lt.band-bits"
        family: "epoll.lt"
        backend: "epoll"
        level: "quirk"
        outcome: "diverges"
        verdict: "divergent"
        duration_ms: 1
        statement: "RDNORM and WRNORM are bits of their own, reported only if asked for; an eventfd never sets them."
        expected: "r RDNORM"
        actual: "r IN|RDNORM"
        at: "step 8: epoll.wait ep ep"
        ...
      not ok 5 - epoll.lt.rcvlowat on epoll
        ---
        id: "epoll.lt.rcvlowat"
        family: "epoll.lt"
        backend: "epoll"
        level: "contract"
        outcome: "broken"
        verdict: "broken"
        duration_ms: 1
        statement: "A TCP socket with SO_RCVLOWAT of 10 is not readable at 5 bytes, is at 10, and at once when it is lowered."
        at: "step 1: tcp client c, server s"
        because: "Error: no"
        ...
      ok 6 - poller.large-fd on epoll # SKIP no room, 100 % full
        ---
        id: "poller.large-fd"
        family: "poller"
        backend: "epoll"
        level: "contract"
        outcome: "unsupported"
        verdict: "unsupported"
        duration_ms: 1
        statement: "Descriptor 1200 works, or is refused before any call where the backend cannot hold it."
        because: "no room, 100 % full"
        ...
      not ok 7 - epoll.lt.basic-out on epoll # TODO expected failure: pipes are never writable here: #1 | \`x\`
        ---
        id: "epoll.lt.basic-out"
        family: "epoll.lt"
        backend: "epoll"
        level: "contract"
        outcome: "fail"
        verdict: "expected failure"
        duration_ms: 1
        statement: "The write end of a pipe is reported as OUT on every wait until the pipe is full, and then not at all."
        expected: "w OUT"
        actual: "nothing"
        entry: "epoll.lt.basic-*: pipes are never writable here: #1 | \`x\`"
        ...
      not ok 8 - epoll.lt.partial-drain on epoll
        ---
        id: "epoll.lt.partial-drain"
        family: "epoll.lt"
        backend: "epoll"
        level: "contract"
        outcome: "pass"
        verdict: "unexpected pass"
        duration_ms: 1
        statement: "Reading a part of the data leaves the descriptor reported."
        entry: "epoll.lt.partial-drain is to be fail: it was broken in 1.0"
        ...
      # 8 checks, 8 results: 2 ok, 1 failed, 1 broken, 1 unexpected pass, 1 divergent, 1 expected failure, 1 unsupported, in 1.23 s.
      "
    `)
  })

  it('has a plan also without results', () => {
    expect(write([])).toMatch(/^TAP version 14\n1\.\.0 # SKIP /)
  })

  it('bails out at the end of what was interrupted', () => {
    expect(write(everyVerdict, { interrupted: true })).toMatch(/\nBail out! Interrupted: .*\n$/)
  })

  it('fails for what is a finding, and for nothing else', () => {
    const failing = (text: string): string[] =>
      [...text.matchAll(/^not ok \d+ - (\S+) (?!.* # TODO)/gm)].map(([, id = '']) => id)
    expect(failing(write(everyVerdict))).toEqual([
      'epoll.lt.two-fds',
      'epoll.lt.rcvlowat',
      'epoll.lt.partial-drain',
    ])
    expect(failing(write(everyVerdict, { strict: true }))).toContain('epoll.lt.band-bits')
  })

  it('has no line that is not its own, whatever text there is', () => {
    const evil = 'a\nnot ok 9\r\n# x\u2028\u0085ok 1 # SKIP\u001B[31m'
    const text = write([
      checkResult({ id: 'x # TODO \\ y', outcome: 'fail', expected: evil, actual: evil, message: evil }),
      checkResult({ outcome: 'unsupported', message: evil }),
    ])
    const lines = text.split('\n')
    expect(lines.filter((line) => /^(not )?ok/.test(line))).toEqual([
      'not ok 1 - x \\# TODO \\\\ y on epoll',
      expect.stringMatching(/^ok 2 - epoll\.lt\.basic-in on epoll # SKIP a\\x0anot ok 9/),
    ])
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(lines).toContain(
      `  expected: ${JSON.stringify(evil).replace('\u2028', '\\u2028').replace('\u0085', '\\u0085')}`,
    )
  })
})
