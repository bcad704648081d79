/** Loops that give an event for each direction: `merge: false`. */
import { describe, expect, test } from 'vitest'
import { openEventfd, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { loopEvent, loopEvents } from '../testing/loops.ts'
import { write } from '../testing/native.ts'
import { createEvents, EventLoop } from './event-loop.ts'
import type { LoopEvent } from './event-loop.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc

const READ = 10n
const WRITE = 20n

describe.each(testedBackends)('over %s', (_name, backend) => {
  const open = (): EventLoop => new EventLoop(libc, { backend, merge: false })

  /** A socket that is ready in both directions, with interest in both. */
  function withBoth(action: (loop: EventLoop, watched: OwnedFd, peer: OwnedFd) => void): void {
    using loop = open()
    const [watched, peer] = openSocketpair(libc)
    using _watched = watched
    using _peer = peer
    write(libc, peer.fd, 3)
    loop.addRead(watched.fd, READ)
    loop.addWrite(watched.fd, WRITE)
    action(loop, watched, peer)
  }

  const readable = (fd: number): LoopEvent => loopEvent({ fd, token: READ, readable: true, bytes: 3 })
  const writable = (fd: number): LoopEvent => loopEvent({ fd, token: WRITE, writable: true })

  test('both directions ready are two events, each with its own token', () => {
    withBoth((loop, { fd }) => {
      expect(loopEvents(loop)).toEqual([readable(fd), writable(fd)])
    })
  })

  test('also where both have the same token', () => {
    withBoth((loop, { fd }) => {
      loop.addWrite(fd, READ)
      const [first, second] = loopEvents(loop)
      expect([first, second]).toEqual(
        expect.arrayContaining([readable(fd), { ...writable(fd), token: READ }]),
      )
    })
  })

  test('one direction ready is one event, with the token of that direction', () => {
    withBoth((loop, { fd }) => {
      loop.delRead(fd)
      expect(loopEvents(loop)).toEqual([writable(fd)])
      loop.addRead(fd, READ)
      loop.delWrite(fd)
      expect(loopEvents(loop)).toEqual([readable(fd)])
    })
  })

  test('an end is told to both directions, a half-close to reading only', () => {
    withBoth((loop, { fd }, peer) => {
      libc.fn.shutdown(peer.fd, 1)
      expect(loopEvents(loop)).toEqual([{ ...readable(fd), eof: true }, writable(fd)])
      peer.close()
      expect(loopEvents(loop)).toEqual([
        { ...readable(fd), eof: true },
        { ...writable(fd), eof: true },
      ])
    })
  })

  test('a wake stays one event', () => {
    withBoth((loop, { fd }) => {
      loop.addWake(30)
      loop.wake()
      expect(loopEvents(loop)).toEqual([loopEvent({ token: 30n, user: true }), readable(fd), writable(fd)])
    })
  })

  describe('with room for one event', () => {
    const one = (loop: EventLoop): LoopEvent[] => loopEvents(loop, { room: 1 })

    test('the second direction comes with the next wait', () => {
      withBoth((loop, { fd }) => {
        expect([one(loop), one(loop), one(loop), one(loop)]).toEqual([
          [readable(fd)],
          [writable(fd)],
          [readable(fd)],
          [writable(fd)],
        ])
      })
    })

    test('it comes even before a wait with a timeout would block', () => {
      withBoth((loop, { fd }) => {
        one(loop)
        expect(loopEvents(loop, { room: 5, timeoutMs: -1 })).toEqual([writable(fd)])
      })
    })

    test('it does not come when its interest was removed meanwhile', () => {
      withBoth((loop, { fd }) => {
        one(loop)
        loop.delWrite(fd)
        expect([one(loop), one(loop)]).toEqual([[readable(fd)], [readable(fd)]])
      })
    })

    test('it does not come when the descriptor was removed and closed meanwhile, nor for its successor', () => {
      withBoth((loop, watched) => {
        const { fd } = watched
        one(loop)
        loop.delRead(fd)
        loop.delWrite(fd)
        watched.close()
        using next = openEventfd(libc)
        expect(next.fd).toBe(fd)
        loop.addRead(next.fd, 40)
        expect(one(loop)).toEqual([])
      })
    })

    test('it comes with the token that it has by then', () => {
      withBoth((loop, { fd }) => {
        one(loop)
        loop.addWrite(fd, 50)
        const tokens = [...one(loop), ...one(loop)].map(({ token }) => token)
        expect(tokens).toEqual([READ, 50n])
      })
    })

    test('a change to another descriptor does not touch it', () => {
      withBoth((loop, { fd }) => {
        one(loop)
        using other = openEventfd(libc)
        loop.addRead(other.fd, 60)
        loop.delRead(other.fd)
        expect(one(loop)).toEqual([writable(fd)])
      })
    })

    test('nothing is left of it after close', () => {
      withBoth((loop) => {
        one(loop)
        loop.close()
        expect(() => loop.wait(createEvents(1), 0)).toThrow('EBADF')
      })
    })
  })

  test.each([1, 2, 3, 4, 5, 8])(
    'with room for %i, all events of many descriptors come, each in turn',
    (room) => {
      using loop = open()
      const pairs = Array.from({ length: 6 }, () => openSocketpair(libc))
      for (const [i, [watched, peer]] of pairs.entries()) {
        write(libc, peer.fd)
        loop.addRead(watched.fd, i)
        loop.addWrite(watched.fd, 100 + i)
      }
      const seen = Array.from({ length: 24 }, () => loopEvents(loop, { room })).flat()
      for (const ends of pairs) for (const end of ends) end.close()
      const directions = seen.map(({ token, readable: r, writable: w }) => `${token} ${r} ${w}`)
      const expected = pairs.flatMap((_, i) => [`${i} true false`, `${100 + i} false true`])
      expect([...new Set(directions)].toSorted()).toEqual(expected.toSorted())
    },
  )
})
