/** One-shot readiness, on every backend. */
import { describe, expect, test } from 'vitest'
import { Interest } from '../backends/backend.ts'
import type { Backend } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import { wakeRemote } from '../backends/waker.ts'
import { UnsupportedError } from '../errors.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'
import { drain, fill, nsOf, openTcp, underSignals, write } from '../testing/native.ts'
import { codeOf } from '../testing/pollers.ts'
import { Reactor, ReactorEvents } from './reactor.ts'

const libc = testedLibc
const TOKEN = 0xfeedfacecafef00dn
const LONG_MS = 20_000
const { READ, WRITE } = Interest

/** What one poll gives, by token. */
function polled(reactor: Reactor, timeoutMs: number | null = 0): string[] {
  const events = new ReactorEvents()
  const n = reactor.poll(events, timeoutMs)
  expect(n).toBe(events.length)
  return [...events]
    .toSorted((a, b) => (a.token < b.token ? -1 : 1))
    .map(({ token, readable, writable }) => `${token}${readable ? ' r' : ''}${writable ? ' w' : ''}`)
}

describe.each(testedBackends)('over %s', (_name, backend) => {
  const open = (): Reactor => new Reactor(libc, { backend })

  test('an event carries the token, and nothing more comes until reregister', () => {
    using reactor = open()
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    reactor.register(a.fd, TOKEN, READ)
    expect(polled(reactor)).toEqual([])
    write(libc, b.fd)
    expect(polled(reactor)).toEqual([`${TOKEN} r`])
    write(libc, b.fd)
    expect([polled(reactor), polled(reactor, 5)]).toEqual([[], []])
    // Still unread: what is ready already when it is asked for is reported.
    reactor.reregister(a.fd, 5, READ)
    expect([polled(reactor), polled(reactor)]).toEqual([['5 r'], []])
    drain(libc, a.fd)
    reactor.reregister(a.fd, 6, READ)
    expect(polled(reactor, 5)).toEqual([])
    write(libc, b.fd)
    expect(polled(reactor)).toEqual(['6 r'])
    reactor.deregister(a.fd)
  })

  test('an event disarms both directions, whichever it was of', () => {
    using reactor = open()
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    reactor.register(a.fd, 1, READ | WRITE)
    expect(polled(reactor)).toEqual(['1 w'])
    write(libc, b.fd)
    expect(polled(reactor, 5)).toEqual([])
    reactor.reregister(a.fd, 2, READ | WRITE)
    expect([polled(reactor), polled(reactor)]).toEqual([['2 r w'], []])
    reactor.reregister(a.fd, 3, READ)
    expect(polled(reactor)).toEqual(['3 r'])
    reactor.reregister(a.fd, 4, WRITE)
    expect(polled(reactor)).toEqual(['4 w'])
  })

  test('a change before the event replaces interest and token', () => {
    using reactor = open()
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    fill(libc, a.fd)
    reactor.register(a.fd, 1, WRITE)
    reactor.reregister(a.fd, 2, READ)
    expect(polled(reactor)).toEqual([])
    write(libc, b.fd)
    expect(polled(reactor)).toEqual(['2 r'])
  })

  test('after deregister nothing comes, and it can be registered again', () => {
    using reactor = open()
    using source = openEventfd(libc)
    reactor.register(source.fd, 1, READ)
    write(libc, source.fd)
    reactor.deregister(source.fd)
    expect(polled(reactor)).toEqual([])
    reactor.register(source.fd, 2, READ)
    expect(polled(reactor)).toEqual(['2 r'])
    reactor.deregister(source.fd)
  })

  test('a hang-up is readable and writable, whatever was asked for', () => {
    for (const interest of [READ, WRITE, READ | WRITE]) {
      using reactor = open()
      const [a, b] = openSocketpair(libc)
      using _a = a
      fill(libc, a.fd)
      reactor.register(a.fd, 1, interest)
      expect(polled(reactor)).toEqual([])
      b.close()
      expect([polled(reactor, LONG_MS), polled(reactor)]).toEqual([['1 r w'], []])
    }
  })

  test('an error is readable and writable: a pipe without a reader', () => {
    using reactor = open()
    const [reader, writer] = openPipe(libc)
    using _writer = writer
    fill(libc, writer.fd)
    reactor.register(writer.fd, 1, WRITE)
    expect(polled(reactor)).toEqual([])
    reader.close()
    expect([polled(reactor, LONG_MS), polled(reactor)]).toEqual([['1 r w'], []])
  })

  test('a half-close is readable, and no more', () => {
    using reactor = open()
    const [a, b] = openTcp(libc)
    using _a = a
    using _b = b
    reactor.register(a.fd, 1, READ)
    libc.fn.shutdown(b.fd, 1)
    expect([polled(reactor, LONG_MS), polled(reactor)]).toEqual([['1 r'], []])
  })

  test('many that are ready come in one poll, however small the batch that was asked for', () => {
    using reactor = open()
    // Room that shrinks would show: select has descriptors up to 1023 only.
    const sources = Array.from({ length: 300 }, () => openEventfd(libc))
    for (const [i, { fd }] of sources.entries()) reactor.register(fd, i, WRITE)
    const events = new ReactorEvents(1)
    expect(events.capacity).toBe(1024)
    expect(reactor.poll(events, 0)).toBe(300)
    expect([...events].map(({ token }) => Number(token)).toSorted((a, b) => a - b)).toEqual(
      sources.map((_, i) => i),
    )
    expect(events.fd(0)).toBe(sources[Number(events.token(0))]?.fd)
    for (const source of sources) source.close()
  })

  test('what is wrong is an error with its errno', () => {
    using reactor = open()
    using source = openEventfd(libc)
    expect(codeOf(() => reactor.deregister(source.fd))).toBe('ENOENT')
    expect(codeOf(() => reactor.reregister(source.fd, 1, READ))).toBe('ENOENT')
    reactor.register(source.fd, 1, READ)
    expect(codeOf(() => reactor.register(source.fd, 1, READ))).toBe('EEXIST')
    reactor.deregister(source.fd)
    expect(codeOf(() => reactor.deregister(source.fd))).toBe('ENOENT')
    expect(codeOf(() => reactor.register(-1, 1, READ))).toBe('EBADF')
  })

  test('a signal is 0 events', async () => {
    using reactor = open()
    expect(await underSignals(() => reactor.poll(new ReactorEvents(), LONG_MS))).toBe(0)
  })

  test('a timeout is never early, clamps at the largest C int, and must be one', () => {
    using reactor = open()
    for (const ms of [0.3, 2]) {
      expect(nsOf(() => expect(polled(reactor, ms)).toEqual([]))).toBeGreaterThanOrEqual(ms * 1e6)
    }
    using source = openEventfd(libc)
    write(libc, source.fd)
    reactor.register(source.fd, 1, READ)
    // One that were cut down to 32 bits would be negative, or 0.
    for (const ms of [2 ** 31, 2 ** 32, 2 ** 53, Infinity, null]) {
      expect(polled(reactor, ms)).toEqual(['1 r'])
      reactor.reregister(source.fd, 1, READ)
    }
    for (const ms of [-1, NaN]) expect(() => polled(reactor, ms)).toThrow(RangeError)
  })

  test('a wake ends a poll, is no event, and leaves the others what they are', () => {
    using reactor = open()
    const sources = [openEventfd(libc), openEventfd(libc)]
    for (const [i, { fd }] of sources.entries()) reactor.register(fd, i, WRITE)
    wakeRemote(reactor.wakeHandle())
    reactor.wake()
    const events = new ReactorEvents()
    expect([reactor.poll(events, 0), events.woken]).toEqual([2, true])
    expect(new Set([...events].map(({ token, writable }) => `${token} ${writable}`))).toEqual(
      new Set(['0 true', '1 true']),
    )
    expect([reactor.poll(events, 0), events.woken, [...events]]).toEqual([0, false, []])
    for (const source of sources) source.close()
  })

  test('close can be done twice, leaves what was registered alone, and all else is EBADF', () => {
    using source = openEventfd(libc)
    const before = openDescriptors(libc)
    const reactor = open()
    reactor.register(source.fd, 1, READ)
    reactor.close()
    reactor.close()
    expect(openDescriptors(libc)).toEqual(before)
    expect(codeOf(() => reactor.register(source.fd, 1, READ))).toBe('EBADF')
    expect(codeOf(() => void reactor.poll(new ReactorEvents(), 0))).toBe('EBADF')
    expect(write(libc, source.fd)).toBe(8)
  })

  test('the trigger is an edge where there is one', () => {
    using reactor = open()
    const hasEdges = backend.capabilities.triggers.includes('edge-oneshot')
    expect(reactor.trigger).toBe(hasEdges ? 'edge-oneshot' : 'oneshot')
    expect(reactor.backend).toBe(backend)
  })
})

test('a batch has the room that was asked for, and at least 1024', () => {
  expect([1, 1024, 5000].map((capacity) => new ReactorEvents(capacity).capacity)).toEqual([1024, 1024, 5000])
  expect(new ReactorEvents().capacity).toBe(1024)
  for (const capacity of [0, -1, 1.5, NaN]) expect(() => new ReactorEvents(capacity)).toThrow(RangeError)
})

test('a backend without a one-shot trigger carries no reactor', () => {
  const level: Backend = {
    ...backends.poll,
    capabilities: { ...backends.poll.capabilities, triggers: ['level'] },
  }
  expect(() => new Reactor(libc, { backend: level })).toThrow(UnsupportedError)
})
