/** Descriptors that are closed without `remove`, and numbers that come back as other files. */
import { describe, expect, test } from 'vitest'
import { openEventfd } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { duplicate, write } from '../testing/native.ts'
import { codeOf, reported, tokensOver } from '../testing/pollers.ts'
import { Interest } from './backend.ts'
import { backends } from './index.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc
const { READ, WRITE } = Interest

/** Makes the next descriptor that is opened have the number of one that is closed now. */
function closeLowest(owned: readonly OwnedFd[]): number {
  const numbers = owned.map(({ fd }) => fd)
  for (const one of owned) one.close()
  return Math.min(...numbers)
}

describe.each(testedBackends)('%s', (_name, backend) => {
  /**
   * epoll and kqueue forget a closed descriptor, but for libkqueue, which is not told of it (BUGS.md) and is silent; the
   * others keep it in their set, and must say what is wrong with it.
   */
  const isKqueue = backend === backends.kqueue
  const forgets = backend === backends.epoll || isKqueue
  /** A request of io_uring holds the file: it stays open, and as it was, until something happens to it. */
  const isSilent = forgets || backend.name.startsWith('io_uring')
  const isSet = !forgets

  test('a closed descriptor is silent where the kernel forgets it, and elsewhere an error until it is removed', () => {
    using poller = backend.open(libc)
    const closed = openEventfd(libc)
    poller.add(closed.fd, READ, 1)
    const fd = closeLowest([closed])
    const expected = isSilent ? [] : [[1n, 'ERROR']]
    expect([reported(poller), reported(poller)]).toEqual([expected, expected])
    expect(codeOf(() => poller.modify(fd, READ, 2))).toBe('EBADF')
    const native = isKqueue && !libc.has('libkqueue_drain_pending_close')
    expect(codeOf(() => poller.remove(fd))).toBe(backend === backends.epoll || native ? 'EBADF' : 'ok')
    expect(codeOf(() => poller.remove(fd))).toBe(backend === backends.epoll ? 'EBADF' : 'ENOENT')
    expect(reported(poller)).toEqual([])
  })

  test('a closed descriptor hides neither the events of others nor a wake', () => {
    using poller = backend.open(libc)
    using ready = openEventfd(libc)
    const closed = openEventfd(libc)
    poller.wakeHandle()
    poller.add(ready.fd, READ | WRITE, 1)
    poller.add(closed.fd, READ, 2)
    closed.close()
    const error = isSilent ? [] : [[2n, 'ERROR']]
    expect(reported(poller)).toEqual([[1n, 'WRITABLE'], ...error])
    write(libc, ready.fd)
    poller.wake()
    expect(reported(poller)).toEqual([[0n, 'WAKE'], [1n, 'READABLE WRITABLE'], ...error])
    expect(reported(poller)).toEqual([[1n, 'READABLE WRITABLE'], ...error])
  })

  test('a wait with only closed descriptors is silent, or ends at once: it does not hang', () => {
    using poller = backend.open(libc)
    const closed = openEventfd(libc)
    poller.add(closed.fd, READ, 1)
    closed.close()
    expect(reported(poller, { timeoutNs: 5_000_000 })).toEqual(isSilent ? [] : [[1n, 'ERROR']])
  })

  test.runIf(isSet)('in small batches closed and ready descriptors take turns', () => {
    using poller = backend.open(libc)
    using ready = openEventfd(libc)
    const closed = [openEventfd(libc), openEventfd(libc)]
    poller.add(ready.fd, WRITE, 1)
    for (const [i, { fd }] of closed.entries()) poller.add(fd, WRITE, 2 + i)
    closeLowest(closed)
    expect(tokensOver(poller, 6, 1)).toEqual([1, 1, 2, 2, 3, 3])
  })

  test.runIf(isSet)('a closed oneshot descriptor is an error once', () => {
    using poller = backend.open(libc)
    const closed = openEventfd(libc)
    poller.add(closed.fd, isSilent ? WRITE : READ, 1, { trigger: 'oneshot' })
    closed.close()
    expect([reported(poller), reported(poller)]).toEqual([[[1n, 'ERROR']], []])
  })

  test('removed and closed, a number that is opened anew starts anew', () => {
    using poller = backend.open(libc)
    const old = openEventfd(libc)
    poller.add(old.fd, WRITE, 1)
    poller.remove(old.fd)
    const fd = closeLowest([old])
    using next = openEventfd(libc)
    expect(next.fd).toBe(fd)
    expect(reported(poller)).toEqual([])
    poller.add(fd, WRITE, 2)
    expect(reported(poller)).toEqual([[2n, 'WRITABLE']])
  })

  test.skipIf(backend.capabilities.userEvents)(
    'the waker works under the number of a registration that is dead, and cannot be taken away by it',
    () => {
      using poller = backend.open(libc)
      const dead = openEventfd(libc)
      poller.add(dead.fd, READ, 1)
      const fd = closeLowest([dead])
      expect(poller.wakeHandle().fd).toBe(fd)
      expect(reported(poller)).toEqual([])
      poller.wake()
      expect(reported(poller)).toEqual([[0n, 'WAKE']])
      expect(() => poller.add(fd, READ, 2)).toThrow('EEXIST')
      expect(() => poller.modify(fd, READ, 2)).toThrow('ENOENT')
      expect(() => poller.remove(fd)).toThrow('ENOENT')
      poller.wake()
      expect(reported(poller)).toEqual([[0n, 'WAKE']])
      expect(reported(poller)).toEqual([])
    },
  )

  test.runIf(isSet)('a set knows numbers only: it watches the file that has the number now', () => {
    using poller = backend.open(libc)
    const old = openEventfd(libc)
    using alive = duplicate(libc, old.fd, 0)
    poller.add(old.fd, READ, 1)
    const fd = closeLowest([old])
    using next = openEventfd(libc)
    expect(next.fd).toBe(fd)
    write(libc, alive.fd)
    expect(reported(poller)).toEqual([])
    write(libc, next.fd)
    expect(reported(poller)).toEqual([[1n, 'READABLE']])
    expect(codeOf(() => poller.add(fd, READ, 2))).toBe('EEXIST')
    poller.modify(fd, READ, 2)
    expect(reported(poller)).toEqual([[2n, 'READABLE']])
  })
})
