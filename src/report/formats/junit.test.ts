import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkResult, verifyReport } from '../../testing/reports.ts'
import { everyVerdict } from '../../testing/verify-results.ts'
import { makeStyle } from '../style.ts'
import { junit } from './junit.ts'

const options = { style: makeStyle(false), verbose: false }
const write = (...results: Parameters<typeof verifyReport>): string =>
  junit.verify(verifyReport(...results), options)

describe('JUnit', () => {
  it('has a suite for each family and backend, with what was expected, what came, and where', () => {
    expect(write(everyVerdict)).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites>
        <testsuite name="epoll.lt on epoll" timestamp="2026-01-02T03:04:05" hostname="localhost" package="evloop.verify" id="0" tests="6" failures="2" errors="1" skipped="2" time="1.239568">
          <properties>
            <property name="evloop" value="1.2.3"/>
            <property name="os" value="linux"/>
            <property name="kernel" value="6.1.0"/>
            <property name="arch" value="x64"/>
            <property name="libc" value="glibc 2.36"/>
            <property name="node" value="20.19.0"/>
          </properties>
          <testcase name="epoll.lt.basic-in" classname="epoll.epoll.lt" time="0.001000"/>
          <testcase name="epoll.lt.two-fds" classname="epoll.epoll.lt" time="1.234568">
            <failure message="failed: expected r1 IN, r2 IN, got r1 IN" type="contract">Two ready descriptors are both reported, on every wait.
      expected: r1 IN, r2 IN
      actual: r1 IN
      at: step 8: epoll.wait ep ep</failure>
          </testcase>
          <testcase name="epoll.lt.band-bits" classname="epoll.epoll.lt" time="0.001000">
            <skipped message="divergent: expected r RDNORM, got r IN|RDNORM">RDNORM and WRNORM are bits of their own, reported only if asked for; an eventfd never sets them.
      expected: r RDNORM
      actual: r IN|RDNORM
      at: step 8: epoll.wait ep ep</skipped>
          </testcase>
          <testcase name="epoll.lt.rcvlowat" classname="epoll.epoll.lt" time="0.001000">
            <error message="broken: Error: no" type="contract">A TCP socket with SO_RCVLOWAT of 10 is not readable at 5 bytes, is at 10, and at once when it is lowered.
      at: step 1: tcp client c, server s
      because: Error: no</error>
          </testcase>
          <testcase name="epoll.lt.basic-out" classname="epoll.epoll.lt" time="0.001000">
            <skipped message="expected failure: pipes are never writable here: #1 | \`x\`">The write end of a pipe is reported as OUT on every wait until the pipe is full, and then not at all.
      expected: w OUT
      actual: nothing
      entry: epoll.lt.basic-*: pipes are never writable here: #1 | \`x\`</skipped>
          </testcase>
          <testcase name="epoll.lt.partial-drain" classname="epoll.epoll.lt" time="0.001000">
            <failure message="unexpected pass: it was broken in 1.0" type="contract">Reading a part of the data leaves the descriptor reported.
      entry: epoll.lt.partial-drain is to be fail: it was broken in 1.0</failure>
          </testcase>
          <system-out>8 checks, 8 results: 2 ok, 1 failed, 1 broken, 1 unexpected pass, 1 divergent, 1 expected failure, 1 unsupported, in 1.23 s.</system-out>
          <system-err></system-err>
        </testsuite>
        <testsuite name="loop on poll" timestamp="2026-01-02T03:04:05" hostname="localhost" package="evloop.verify" id="1" tests="1" failures="0" errors="0" skipped="0" time="0.012500">
          <properties>
            <property name="evloop" value="1.2.3"/>
            <property name="os" value="linux"/>
            <property name="kernel" value="6.1.0"/>
            <property name="arch" value="x64"/>
            <property name="libc" value="glibc 2.36"/>
            <property name="node" value="20.19.0"/>
          </properties>
          <testcase name="loop.wake" classname="poll.loop" time="0.012500"/>
          <system-out></system-out>
          <system-err></system-err>
        </testsuite>
        <testsuite name="poller on epoll" timestamp="2026-01-02T03:04:05" hostname="localhost" package="evloop.verify" id="2" tests="1" failures="0" errors="0" skipped="1" time="0.001000">
          <properties>
            <property name="evloop" value="1.2.3"/>
            <property name="os" value="linux"/>
            <property name="kernel" value="6.1.0"/>
            <property name="arch" value="x64"/>
            <property name="libc" value="glibc 2.36"/>
            <property name="node" value="20.19.0"/>
          </properties>
          <testcase name="poller.large-fd" classname="epoll.poller" time="0.001000">
            <skipped message="unsupported: no room, 100 % full">Descriptor 1200 works, or is refused before any call where the backend cannot hold it.
      because: no room, 100 % full</skipped>
          </testcase>
          <system-out></system-out>
          <system-err></system-err>
        </testsuite>
      </testsuites>
      "
    `)
  })

  it('counts what is in a suite', () => {
    const text = write(everyVerdict)
    const suite = /<testsuite name="epoll.lt on epoll".*?<\/testsuite>/s.exec(text)?.[0] ?? ''
    const count = (pattern: RegExp): number => suite.match(pattern)?.length ?? 0
    expect(suite).toContain(
      `tests="${count(/<testcase/g)}" failures="${count(/<failure/g)}" errors="${count(/<error/g)}" skipped="${count(/<skipped/g)}"`,
    )
    expect([count(/<failure/g), count(/<error/g), count(/<skipped/g)]).toEqual([2, 1, 2])
  })
})

/** The library that most programs read XML with. Debian: libxml2-utils. */
const hasXmllint = spawnSync('xmllint', ['--version']).error === undefined
if (!hasXmllint) process.stderr.write('JUnit is not held against its schema: there is no xmllint\n')

const schema = fileURLToPath(new URL('../../../fixtures/schemas/junit.xsd', import.meta.url))
/** Throws with xmllint's complaint where a text is not well-formed, or not as the schema says. */
const validate = (text: string): string =>
  execFileSync('xmllint', ['--nonet', '--schema', schema, '-'], {
    input: text,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  })

describe.runIf(hasXmllint)('JUnit, held against a schema', () => {
  it('keeps to it, with every verdict, and with nothing at all', () => {
    const reports = [write(everyVerdict), write(everyVerdict, { strict: true, interrupted: true }), write([])]
    for (const text of reports) expect(() => validate(text)).not.toThrow()
  })

  it('is refused by it when something is wrong', () => {
    expect(() => validate(write(everyVerdict).replace(' hostname="localhost"', ''))).toThrow(/hostname/)
    expect(() => validate(write(everyVerdict).replaceAll('failure', 'wrong'))).toThrow(/wrong/)
  })

  it('keeps to it whatever text there is, and the text is still there', () => {
    const odd = [...Array(0x20).keys(), 0x7f, 0x80, 0x9b, 0xd800, 0xdfff, 0xfffe, 0xffff].map((code) =>
      String.fromCharCode(code),
    )
    const all = `<&>"']]>${odd.join('')}\u{1F600}`
    const text = write([
      checkResult({ outcome: 'fail', expected: all, actual: all, step: all, message: all }),
      checkResult({ outcome: 'unsupported', message: all }),
    ])
    const read = validate(text)
    expect(read).toContain('\\x00\\x01')
    expect(read).toContain('&lt;&amp;&gt;')
    expect(read).toContain('\u{1F600}')
  })

  it('keeps to it for random texts', () => {
    const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 40 }), 150)
    const results = texts.map((text) => checkResult({ outcome: 'fail', expected: text, actual: text }))
    expect(() => validate(write(results))).not.toThrow()
  })
})
