/** Descriptors that are closed while a loop has interest in them, and numbers that come back. */
import { closeSync, openSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { backends } from '../backends/index.ts'
import { openEventfd, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { loopEvent, loopEvents } from '../testing/loops.ts'
import { duplicate, write } from '../testing/native.ts'
import { codeOf } from '../testing/pollers.ts'
import { EventLoop } from './event-loop.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc

describe.each(testedBackends)('over %s', (_name, backend) => {
  /** Who watches files and not numbers has nothing to say of a number that is closed; io_uring holds the file. */
  const isSilent = backend !== backends.poll && backend !== backends.select

  /** A loop with interest in an eventfd that is then closed. */
  function withClosed(action: (loop: EventLoop, fd: number) => void): void {
    using loop = new EventLoop(libc, { backend })
    const eventfd = openEventfd(libc)
    const { fd } = eventfd
    loop.addRead(fd, 1)
    eventfd.close()
    action(loop, fd)
  }

  /** Opens an eventfd that is ready, under the number that was closed last. */
  function reopen(fd: number): OwnedFd {
    const next = openEventfd(libc)
    expect(next.fd).toBe(fd)
    write(libc, next.fd)
    return next
  }

  // What a kqueue tells of an eventfd is no number of bytes, but a number.
  const bytes = backend.capabilities.byteCounts === 'event' ? 1 : null
  const readable = (fd: number, token: bigint): unknown => loopEvent({ fd, token, readable: true, bytes })

  test('removal is idempotent, and nothing is left', () => {
    withClosed((loop, fd) => {
      loop.delRead(fd)
      loop.delRead(fd)
      loop.delWrite(fd)
      expect(loopEvents(loop)).toEqual([])
      using next = reopen(fd)
      expect(loopEvents(loop)).toEqual([])
      loop.addRead(next.fd, 2)
      expect(loopEvents(loop)).toEqual([readable(fd, 2n)])
    })
  })

  test('interest in the same direction of its successor is interest in that', () => {
    withClosed((loop, fd) => {
      using next = reopen(fd)
      loop.addRead(next.fd, 2)
      expect(loopEvents(loop)).toEqual([readable(fd, 2n)])
    })
  })

  test('interest in the other direction of its successor is interest in that', () => {
    withClosed((loop, fd) => {
      using next = reopen(fd)
      loop.addWrite(next.fd, 2)
      expect(loopEvents(loop)).toMatchObject([{ fd, token: 2n, writable: true }])
    })
  })

  test('interest while it is closed is EBADF', () => {
    withClosed((loop, fd) => {
      expect(codeOf(() => loop.addRead(fd, 2))).toBe('EBADF')
      expect(codeOf(() => loop.addWrite(fd, 2))).toBe('EBADF')
      loop.delRead(fd)
      expect(loopEvents(loop)).toEqual([])
    })
  })

  test('it is silent, or an error that ends with removal, where the backend keeps a set', () => {
    withClosed((loop, fd) => {
      const error = loopEvent({ fd, token: 1n, readable: true, error: true })
      expect(loopEvents(loop)).toEqual(isSilent ? [] : [error])
      loop.delRead(fd)
      expect(loopEvents(loop)).toEqual([])
    })
  })

  test('it hides neither others nor a wake', () => {
    using loop = new EventLoop(libc, { backend })
    const closed = openEventfd(libc)
    using other = openEventfd(libc)
    loop.addWake(3)
    loop.wake()
    loop.addWrite(other.fd, 4)
    loop.addRead(closed.fd, 5)
    const error = loopEvent({ fd: closed.fd, token: 5n, readable: true, error: true })
    closed.close()
    const events = loopEvents(loop)
    expect(events.filter(({ token }) => token !== 5n)).toEqual([
      loopEvent({ token: 3n, user: true }),
      loopEvent({ fd: other.fd, token: 4n, writable: true }),
    ])
    expect(events.filter(({ token }) => token === 5n)).toEqual(isSilent ? [] : [error])
  })

  test('with interest in both directions, removing one of them forgets the other', () => {
    using loop = new EventLoop(libc, { backend })
    const [watched, peer] = openSocketpair(libc)
    using _peer = peer
    const { fd } = watched
    loop.addRead(fd, 1)
    loop.addWrite(fd, 2)
    watched.close()
    loop.delWrite(fd)
    expect(loopEvents(loop)).toEqual([])
    using next = reopen(fd)
    expect(loopEvents(loop)).toEqual([])
    loop.addWrite(next.fd, 3)
    expect(loopEvents(loop)).toEqual([loopEvent({ fd, token: 3n, writable: true })])
  })

  test('removal does nothing to a successor in which there is no interest', () => {
    using loop = new EventLoop(libc, { backend })
    const [both, one] = [openEventfd(libc), openEventfd(libc)]
    const fds = [both.fd, one.fd]
    loop.addRead(both.fd, 1)
    loop.addWrite(both.fd, 2)
    loop.addRead(one.fd, 3)
    both.close()
    one.close()
    const successors = [openEventfd(libc), openEventfd(libc)]
    expect(successors.map(({ fd }) => fd)).toEqual(fds)
    for (const fd of fds) loop.delRead(fd)
    for (const fd of fds) loop.delWrite(fd)
    const events = loopEvents(loop)
    for (const successor of successors) successor.close()
    expect(events).toEqual([])
  })

  test('removal does nothing to a file that has its number by now', () => {
    withClosed((loop, fd) => {
      const file = openSync(import.meta.filename, 'r')
      loop.delRead(fd)
      const events = loopEvents(loop)
      closeSync(file)
      expect([file, events]).toEqual([fd, []])
    })
  })

  test('with a duplicate alive, its successor has its own events only', () => {
    using loop = new EventLoop(libc, { backend })
    const old = openEventfd(libc)
    using alive = duplicate(libc, old.fd, 0)
    const { fd } = old
    loop.addRead(fd, 1)
    old.close()
    using next = openEventfd(libc)
    expect(next.fd).toBe(fd)
    loop.addRead(fd, 2)
    write(libc, alive.fd)
    expect(loopEvents(loop)).toEqual([])
    write(libc, next.fd)
    expect(loopEvents(loop)).toEqual([readable(fd, 2n)])
  })

  // libkqueue does not get rid of what was closed before it was removed (BUGS.md).
  const keepsClosed = libc.has('libkqueue_drain_pending_close') && backend === backends.kqueue

  test.skipIf(keepsClosed)('removed, closed and restored from a duplicate, it can be added again', () => {
    using loop = new EventLoop(libc, { backend })
    const old = openEventfd(libc)
    using alive = duplicate(libc, old.fd, 0)
    const { fd } = old
    loop.addRead(fd, 1)
    old.close()
    loop.delRead(fd)
    using restored = duplicate(libc, alive.fd, fd)
    expect(restored.fd).toBe(fd)
    write(libc, alive.fd)
    loop.addRead(fd, 2)
    expect(loopEvents(loop)).toEqual([readable(fd, 2n)])
  })
})
