import { describe, expect, it } from 'vitest'
import { checkResult, verifyReport } from '../../testing/reports.ts'
import { everyVerdict } from '../../testing/verify-results.ts'
import { makeStyle } from '../style.ts'
import { github } from './github.ts'

const options = { style: makeStyle(false), verbose: false }
const write = (...results: Parameters<typeof verifyReport>): string =>
  github.verify(verifyReport(...results), options)

describe('annotations of GitHub', () => {
  it('are errors for findings, warnings for quirks, and a notice with the counts', () => {
    expect(write(everyVerdict)).toMatchInlineSnapshot(`
      "::error title=failed%3A epoll.lt.two-fds on epoll (contract)::Two ready descriptors are both reported, on every wait.%0Aexpected r1 IN, r2 IN%0Aactual r1 IN%0Aat step 8: epoll.wait ep ep
      ::error title=broken%3A epoll.lt.rcvlowat on epoll (contract)::A TCP socket with SO_RCVLOWAT of 10 is not readable at 5 bytes, is at 10, and at once when it is lowered.%0Aat step 1: tcp client c, server s%0Abecause Error: no
      ::error title=unexpected pass%3A epoll.lt.partial-drain on epoll (contract)::Reading a part of the data leaves the descriptor reported.%0Aentry epoll.lt.partial-drain is to be fail: it was broken in 1.0
      ::warning title=divergent%3A epoll.lt.band-bits on epoll (quirk)::RDNORM and WRNORM are bits of their own, reported only if asked for; an eventfd never sets them.%0Aexpected r RDNORM%0Aactual r IN|RDNORM%0Aat step 8: epoll.wait ep ep
      ::notice title=evloop verify::8 checks, 8 results: 2 ok, 1 failed, 1 broken, 1 unexpected pass, 1 divergent, 1 expected failure, 1 unsupported, in 1.23 s.
      "
    `)
  })

  it('are errors for quirks too if it is to be strict', () => {
    expect(write(everyVerdict, { strict: true })).toMatch(/^::error title=divergent%3A epoll\.lt\.band-bits/m)
  })

  it('escape what would end a property or a message', () => {
    const evil = '50%, a:b\r\n::error::x'
    const text = write([checkResult({ id: evil, outcome: 'fail', expected: evil, actual: evil })])
    // The parts of its line, as the runner takes them apart.
    const [, title, message] = /^::error title=([^:,]*)::(.*)$/m.exec(text) ?? []
    expect(title).toContain('50%25%2C a%3Ab\\x0d\\x0a%3A%3Aerror%3A%3Ax')
    expect(message).toContain('expected 50%25, a:b\\x0d\\x0a::error::x%0Aactual')
    expect(text.match(/^::/gm)).toHaveLength(2)
  })
})
