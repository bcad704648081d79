import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { CheckResult } from '../../../conformance/check.ts'
import { checkResult, verifyReport } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { verifyTable } from './verify.ts'

const plain = { style: makeStyle(false), verbose: false }

/** A report with every outcome in it. */
const mixed: readonly CheckResult[] = [
  checkResult(),
  checkResult({ id: 'poller.errors', family: 'poller', backend: 'poll' }),
  checkResult({ id: 'loop.wake', family: 'loop', backend: 'poll', message: '1000 rounds' }),
  checkResult({
    id: 'epoll.lt.two-fds',
    outcome: 'fail',
    expected: 'r1 IN, r2 IN',
    actual: 'r1 IN',
    step: 'step 8: epoll.wait ep ep',
  }),
  checkResult({
    id: 'epoll.lt.band-bits',
    level: 'quirk',
    outcome: 'diverges',
    expected: 'r RDNORM',
    actual: 'r IN|RDNORM',
    step: 'step 8: epoll.wait ep ep',
  }),
  checkResult({
    id: 'epoll.lt.rcvlowat',
    outcome: 'broken',
    step: 'step 1: tcp client c, server s',
    message: 'Error: no\n    at x',
  }),
  checkResult({
    id: 'poller.large-fd',
    family: 'poller',
    outcome: 'unsupported',
    message: 'it needs 9 free descriptors',
  }),
  checkResult({
    id: 'poller.large-fd',
    family: 'poller',
    backend: 'poll',
    outcome: 'unsupported',
    message: 'it needs 9 free descriptors',
  }),
]

describe('the table of verify', () => {
  it('has families by backends, what needs attention, and a summary', () => {
    expect(verifyTable(verifyReport(mixed), plain)).toMatchInlineSnapshot(`
      "evloop verify · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0
      ┌──────────┬───────────────────────┬───────────────────────────────────────┬─────────────────────┐
      │ family   │                       │ epoll                                 │ poll                │
      ├──────────┼───────────────────────┼───────────────────────────────────────┼─────────────────────┤
      │ poller   │ Poller contract       │ 1 unsupported                         │ 1 ok, 1 unsupported │
      │ loop     │ EventLoop             │ -                                     │ 1 ok                │
      │ epoll.lt │ level-triggered epoll │ 1 ok, 1 failed, 1 broken, 1 divergent │ -                   │
      └──────────┴───────────────────────┴───────────────────────────────────────┴─────────────────────┘
      failed epoll.lt.two-fds on epoll (contract, 1.00 ms)
        Two ready descriptors are both reported, on every wait.
        expected r1 IN, r2 IN
        actual   r1 IN
        at       step 8: epoll.wait ep ep
      divergent epoll.lt.band-bits on epoll (quirk, 1.00 ms)
        RDNORM and WRNORM are bits of their own, reported only if asked for; an eventfd never sets them.
        expected r RDNORM
        actual   r IN|RDNORM
        at       step 8: epoll.wait ep ep
      broken epoll.lt.rcvlowat on epoll (contract, 1.00 ms)
        A TCP socket with SO_RCVLOWAT of 10 is not readable at 5 bytes, is at 10, and at once when it is lowered.
        at       step 1: tcp client c, server s
        because  Error: no
      unsupported: poller.large-fd on epoll, poll: it needs 9 free descriptors
      evloop explain ID tells why a check matters, what it has caught, and where it is specified.
      7 checks, 8 results: 3 ok, 1 failed, 1 broken, 1 divergent, 2 unsupported, in 1.23 s.
      "
    `)
  })

  it('has everything if it is to be verbose', () => {
    expect(verifyTable(verifyReport(mixed.slice(0, 7)), { ...plain, verbose: true })).toMatchInlineSnapshot(`
      "evloop verify · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0
      ┌──────────┬───────────────────────┬───────────────────────────────────────┬──────┐
      │ family   │                       │ epoll                                 │ poll │
      ├──────────┼───────────────────────┼───────────────────────────────────────┼──────┤
      │ poller   │ Poller contract       │ 1 unsupported                         │ 1 ok │
      │ loop     │ EventLoop             │ -                                     │ 1 ok │
      │ epoll.lt │ level-triggered epoll │ 1 ok, 1 failed, 1 broken, 1 divergent │ -    │
      └──────────┴───────────────────────┴───────────────────────────────────────┴──────┘
      ok epoll.lt.basic-in on epoll (contract, 1.00 ms)
      ok poller.errors on poll (contract, 1.00 ms)
      ok loop.wake on poll (contract, 1.00 ms): 1000 rounds
      failed epoll.lt.two-fds on epoll (contract, 1.00 ms)
        Two ready descriptors are both reported, on every wait.
        expected r1 IN, r2 IN
        actual   r1 IN
        at       step 8: epoll.wait ep ep
      divergent epoll.lt.band-bits on epoll (quirk, 1.00 ms)
        RDNORM and WRNORM are bits of their own, reported only if asked for; an eventfd never sets them.
        expected r RDNORM
        actual   r IN|RDNORM
        at       step 8: epoll.wait ep ep
      broken epoll.lt.rcvlowat on epoll (contract, 1.00 ms)
        A TCP socket with SO_RCVLOWAT of 10 is not readable at 5 bytes, is at 10, and at once when it is lowered.
        at       step 1: tcp client c, server s
        because  Error: no
      unsupported poller.large-fd on epoll (contract, 1.00 ms)
        Descriptor 1200 works, or is refused before any call where the backend cannot hold it.
        because  it needs 9 free descriptors
      evloop explain ID tells why a check matters, what it has caught, and where it is specified.
      7 checks, 7 results: 3 ok, 1 failed, 1 broken, 1 divergent, 1 unsupported, in 1.23 s.
      "
    `)
  })

  it('is short where all is well', () => {
    expect(verifyTable(verifyReport([checkResult()], { durationMs: 25 }), plain)).toMatchInlineSnapshot(`
      "evloop verify · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0
      ┌──────────┬───────────────────────┬───────┐
      │ family   │                       │ epoll │
      ├──────────┼───────────────────────┼───────┤
      │ epoll.lt │ level-triggered epoll │ 1 ok  │
      └──────────┴───────────────────────┴───────┘
      1 check, 1 result: 1 ok, in 25.0 ms.
      "
    `)
  })

  it('counts the checks that a backend does not have, rather than naming hundreds', () => {
    const message = 'epoll is not available: epoll_create1 failed with ENOSYS'
    const ids = ['basic-in', 'basic-out', 'two-fds', 'partial-drain', 'mixed-modes'].map(
      (name) => `epoll.lt.${name}`,
    )
    const results = ids.map((id) => checkResult({ id, outcome: 'unsupported', message }))
    expect(verifyTable(verifyReport(results), plain)).toContain(
      `\nunsupported: 5 checks on epoll: ${message}\n`,
    )
  })

  it('says that it was interrupted, also where nothing was checked yet', () => {
    expect(verifyTable(verifyReport([], { interrupted: true }), plain)).toMatch(
      /\n0 checks, 0 results, in 1\.23 s\. Interrupted: not everything was checked\.\n$/,
    )
  })

  it('says that it stopped early, in which order it ran, and how often a check ended like this', () => {
    const failed = checkResult({ outcome: 'fail', expected: 'x', actual: 'y', runs: { pass: 7, fail: 3 } })
    const text = verifyTable(verifyReport([failed], { stopped: true, seed: 5 }), plain)
    expect(text).toContain('\nfailed epoll.lt.basic-in on epoll (contract, 1.00 ms), in 3 of 10 runs\n')
    expect(text).toMatch(
      /\n1 check, 1 result: 1 failed, in 1\.23 s, in the order of seed 5\. Stopped at the first finding: not everything was checked\.\n$/,
    )
  })

  it('shows what came from elsewhere without control characters', () => {
    const evil = 'libx\u001B]0;owned\u0007.so'
    const failed = checkResult({ outcome: 'fail', expected: evil, actual: evil, step: evil, message: evil })
    const gone = checkResult({ outcome: 'unsupported', message: evil })
    for (const verbose of [false, true]) {
      const text = verifyTable(verifyReport([failed, gone, checkResult({ message: evil })]), {
        ...plain,
        verbose,
      })
      expect(text).not.toMatch(/(?!\n)\p{Cc}/u)
      expect(text).toContain('libx\\x1b]0;owned\\x07.so')
    }
  })

  it('has the same words with colour', () => {
    const colored = verifyTable(verifyReport(mixed), { ...plain, style: makeStyle(true) })
    expect(colored).toContain('\u001B[31m')
    expect(stripVTControlCharacters(colored)).toBe(verifyTable(verifyReport(mixed), plain))
  })
})
