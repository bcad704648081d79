/** The surface of EventLoop, on every backend. */
import { closeSync, openSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { backends } from '../backends/index.ts'
import { wakeRemote } from '../backends/waker.ts'
import { UnsupportedError } from '../errors.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { attachLibc } from '../libc/libc.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { loopEvent, loopEvents } from '../testing/loops.ts'
import { drain, duplicate, moduleUrl, nsOf, runThread, underSignals, write } from '../testing/native.ts'
import { codeOf } from '../testing/pollers.ts'
import { deadlineIn, expired, remaining } from './deadline.ts'
import { createEvents, EventLoop } from './event-loop.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc

const RED = 0xfeedfacecafef00dn
const BLUE = 2n ** 63n + 1n
const WAKE = 2n ** 64n - 1n

/** What must come, comes at once; the room is for a loaded machine. */
const LONG_MS = 20_000

function withPair(action: (a: OwnedFd, b: OwnedFd) => void): void {
  const [a, b] = openSocketpair(libc)
  try {
    action(a, b)
  } finally {
    a.close()
    b.close()
  }
}

describe.each(testedBackends)('over %s', (_name, backend) => {
  const open = (): EventLoop => new EventLoop(libc, { backend })

  describe('interest', () => {
    test('in reading and in writing comes and goes for each direction by itself', () => {
      using loop = open()
      withPair((a, b) => {
        const { fd } = a
        const writable = loopEvent({ fd, token: RED, writable: true })
        const readable = loopEvent({ fd, token: BLUE, readable: true, bytes: 8 })
        loop.addWrite(fd, RED)
        expect(loopEvents(loop)).toEqual([writable])
        loop.addRead(fd, BLUE)
        expect(loopEvents(loop)).toEqual([{ ...writable, token: BLUE }])
        write(libc, b.fd, 8)
        expect(loopEvents(loop)).toEqual([{ ...readable, writable: true }])
        loop.delWrite(fd)
        expect(loopEvents(loop)).toEqual([readable])
        loop.addWrite(fd, RED)
        loop.delRead(fd)
        expect(loopEvents(loop)).toEqual([writable])
        loop.delWrite(fd)
        expect(loopEvents(loop)).toEqual([])
      })
    })

    test('that is added again replaces the token only', () => {
      using loop = open()
      withPair((a) => {
        loop.addWrite(a.fd, RED)
        loop.addWrite(a.fd, BLUE)
        expect(loopEvents(loop)).toEqual([loopEvent({ fd: a.fd, token: BLUE, writable: true })])
        loop.delWrite(a.fd)
        expect(loopEvents(loop)).toEqual([])
      })
    })

    test('that is left has its own token, not that of the direction that was removed', () => {
      using loop = open()
      withPair((a, b) => {
        write(libc, b.fd)
        loop.addRead(a.fd, RED)
        loop.addWrite(a.fd, BLUE)
        loop.delWrite(a.fd)
        expect(loopEvents(loop)).toEqual([loopEvent({ fd: a.fd, token: RED, readable: true, bytes: 8 })])
      })
    })

    test('is removed idempotently, of a descriptor that never had any too', () => {
      using loop = open()
      withPair((a) => {
        loop.delRead(a.fd)
        loop.delWrite(a.fd)
        loop.delRead(9999)
        loop.addRead(a.fd, RED)
        loop.delWrite(a.fd)
        loop.delRead(a.fd)
        loop.delRead(a.fd)
        expect(loopEvents(loop)).toEqual([])
      })
    })

    test('in what is not open is EBADF, and is not remembered', () => {
      using loop = open()
      expect(codeOf(() => loop.addRead(-1, RED))).toBe('EBADF')
      using eventfd = openEventfd(libc)
      const copy = duplicate(libc, eventfd.fd, 100)
      const { fd } = copy
      copy.close()
      expect(codeOf(() => loop.addWrite(fd, RED))).toBe('EBADF')
      using again = duplicate(libc, eventfd.fd, fd)
      loop.delWrite(again.fd)
      expect(loopEvents(loop)).toEqual([])
      loop.addWrite(again.fd, BLUE)
      expect(loopEvents(loop)).toEqual([loopEvent({ fd: again.fd, token: BLUE, writable: true })])
    })

    test.each([-1, 1.5, 2n ** 64n])('with %s for a token is a RangeError, and changes nothing', (token) => {
      using loop = open()
      withPair((a) => {
        expect(() => loop.addWrite(a.fd, token)).toThrow(RangeError)
        expect(loopEvents(loop)).toEqual([])
        loop.addWrite(a.fd, RED)
        expect(() => loop.addRead(a.fd, token)).toThrow(RangeError)
        expect(() => loop.addWake(token)).toThrow(RangeError)
        expect(loopEvents(loop)).toEqual([loopEvent({ fd: a.fd, token: RED, writable: true })])
      })
    })

    test('in a file is EPERM or always ready, as the backend has it', () => {
      using loop = open()
      const fd = openSync(import.meta.filename, 'r')
      const code = codeOf(() => loop.addRead(fd, RED))
      const events = loopEvents(loop).map((event) => ({
        ...event,
        bytes: event.bytes !== null && event.bytes > 0,
      }))
      closeSync(fd)
      const ready = { ...loopEvent({ fd, token: RED, readable: true }), bytes: true }
      expect([code, events]).toEqual(backend === backends.epoll ? ['EPERM', []] : ['ok', [ready]])
    })
  })

  describe('waking', () => {
    const woken = loopEvent({ token: WAKE, user: true })

    test('is one user event, however often, and leaves nothing behind', () => {
      using loop = open()
      loop.addWake(WAKE)
      expect(loopEvents(loop)).toEqual([])
      for (let i = 0; i < 1000; i++) loop.wake()
      expect([loopEvents(loop), loopEvents(loop)]).toEqual([[woken], []])
    })

    test('comes beside the events of descriptors', () => {
      using loop = open()
      withPair((a) => {
        loop.addWake(WAKE)
        loop.addWrite(a.fd, RED)
        loop.wake()
        const writable = loopEvent({ fd: a.fd, token: RED, writable: true })
        expect([loopEvents(loop), loopEvents(loop)]).toEqual([[woken, writable], [writable]])
      })
    })

    test('has the token that was given last', () => {
      using loop = open()
      loop.addWake(RED)
      loop.wake()
      loop.addWake(BLUE)
      expect(loopEvents(loop)).toEqual([{ ...woken, token: BLUE }])
    })

    test('without a channel does nothing, and there is no handle', () => {
      using loop = open()
      loop.wake()
      expect(loopEvents(loop)).toEqual([])
      expect(() => loop.wakeHandle()).toThrow(UnsupportedError)
      expect(() => loop.wakeHandle()).toThrow('addWake')
    })

    test('from another thread ends a wait', async () => {
      using loop = open()
      loop.addWake(WAKE)
      const script = `
        import { workerData } from 'node:worker_threads'
        import { wakeRemote } from '${moduleUrl('backends/waker')}'
        wakeRemote(workerData)
      `
      const thread = runThread(script, loop.wakeHandle())
      const events = loopEvents(loop, { timeoutMs: LONG_MS })
      await thread
      expect(events).toEqual([woken])
    })

    test('works through a copy of the handle', () => {
      using loop = open()
      loop.addWake(WAKE)
      wakeRemote(structuredClone(loop.wakeHandle()))
      expect(loopEvents(loop)).toEqual([woken])
    })
  })

  describe('wait', () => {
    test('needs room for an event', () => {
      using loop = open()
      expect(() => loop.wait([], 0)).toThrow(RangeError)
    })

    test('takes no timeout that is no number', () => {
      using loop = open()
      expect(() => loop.wait(createEvents(1), NaN)).toThrow(RangeError)
    })

    test.each([0.05, 0.999, 1, 1.5, 5])('of %d ms with nothing ready is 0, and never early', (timeoutMs) => {
      using loop = open()
      using eventfd = openEventfd(libc)
      loop.addRead(eventfd.fd, RED)
      expect(nsOf(() => expect(loopEvents(loop, { timeoutMs })).toEqual([]))).toBeGreaterThanOrEqual(
        timeoutMs * 1e6,
      )
    })

    test('with a negative timeout lasts until there is something', () => {
      using loop = open()
      loop.addWake(WAKE)
      loop.wake()
      expect(loopEvents(loop, { timeoutMs: -1 })).toEqual([loopEvent({ token: WAKE, user: true })])
    })

    test('that a signal interrupts is 0', async () => {
      using loop = open()
      expect(await underSignals(() => loop.wait(createEvents(1), LONG_MS))).toBe(0)
    })

    test('for what remains of a deadline ends when it has expired, never before', () => {
      using loop = open()
      const early: number[] = []
      for (let i = 1; i <= 50; i++) {
        const deadline = deadlineIn(i / 37)
        loop.wait(createEvents(1), remaining(deadline))
        if (!expired(deadline)) early.push(remaining(deadline))
      }
      expect(early).toEqual([])
    })

    test('fills the events from the start, no more than there is room for, and the others next', () => {
      using loop = open()
      const all = Array.from({ length: 10 }, () => openEventfd(libc))
      for (const [i, { fd }] of all.entries()) loop.addWrite(fd, i)
      const events = createEvents(3)
      const seen = [1, 2, 3, 4].flatMap(() => events.slice(0, loop.wait(events, 0)).map(({ token }) => token))
      for (const eventfd of all) eventfd.close()
      expect(seen).toHaveLength(12)
      expect(new Set(seen)).toEqual(new Set(all.map((_, i) => BigInt(i))))
    })

    test('leaves nothing of earlier events in the objects that it fills', () => {
      using loop = open()
      const [reader, writer] = openPipe(libc)
      using _reader = reader
      const events = createEvents(1)
      loop.addRead(reader.fd, WAKE)
      write(libc, writer.fd, 3)
      writer.close()
      loop.wait(events, 0)
      expect(events).toEqual([loopEvent({ fd: reader.fd, token: WAKE, readable: true, eof: true, bytes: 3 })])
      loop.delRead(reader.fd)
      loop.addWake(RED)
      loop.wake()
      loop.wait(events, 0)
      expect(events).toEqual([loopEvent({ token: RED, user: true })])
    })
  })

  describe('close', () => {
    test('can be done twice, leaves what was watched alone, and no descriptor behind', () => {
      using eventfd = openEventfd(libc)
      const before = openDescriptors(libc)
      const loop = open()
      loop.addRead(eventfd.fd, RED)
      loop.addWake(WAKE)
      loop.wake()
      loop.close()
      loop.close()
      expect(openDescriptors(libc)).toEqual(before)
      expect([write(libc, eventfd.fd), drain(libc, eventfd.fd)]).toEqual([8, 8])
    })

    test('makes everything EBADF but removal, which still does nothing', () => {
      using eventfd = openEventfd(libc)
      const loop = open()
      loop.addRead(eventfd.fd, RED)
      loop.addWake(WAKE)
      loop.close()
      loop.delRead(eventfd.fd)
      loop.delWrite(eventfd.fd)
      const uses = [
        (): unknown => loop.addRead(eventfd.fd, RED),
        (): unknown => loop.addWrite(eventfd.fd, RED),
        (): unknown => loop.addWake(RED),
        (): unknown => loop.wake(),
        (): unknown => loop.wakeHandle(),
        (): unknown => loop.wait(createEvents(1), 0),
      ]
      expect(uses.map((use) => codeOf(() => void use()))).toEqual(uses.map(() => 'EBADF'))
    })
  })
})

test('by default a loop takes the best backend that works, and says which', () => {
  using loop = new EventLoop(libc)
  expect(loop.backend).toBe(backends.epoll)
  const { epoll_create1: _, kqueue: __, ...bindings } = libc.plan.bindings
  using other = new EventLoop(attachLibc({ ...libc.plan, bindings }))
  expect(other.backend).toBe(backends.poll)
})

test('where no backend works there is no loop', () => {
  const { epoll_create1: _, poll: __, select: ___, kqueue: ____, ...bindings } = libc.plan.bindings
  expect(() => new EventLoop(attachLibc({ ...libc.plan, bindings }))).toThrow(UnsupportedError)
})
