/** What `wait` of a Poller promises (backend.ts), on every backend. */
import { describe, expect, test } from 'vitest'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import { nsOf, underSignals, write } from '../testing/native.ts'
import { reported } from '../testing/pollers.ts'
import { Interest, INTERRUPTED, ReadinessBatch } from './backend.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc
const { READ, WRITE } = Interest

/** What must come, comes at once; the room is for a loaded machine. */
const LONG_NS = 20_000_000_000

describe.each(testedBackends)('%s', (_name, backend) => {
  test.each([-1, -0.5, NaN])('a timeout of %d is a RangeError', (timeoutNs) => {
    using poller = backend.open(libc)
    expect(() => poller.wait(new ReadinessBatch(1), timeoutNs)).toThrow(RangeError)
  })

  test.each([1, 1000, 50_000, 999_999, 1_000_000, 1_000_001, 1_500_000, 7_000_000])(
    'a timeout of %d ns is never early',
    (timeoutNs) => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      poller.add(eventfd.fd, READ, 1)
      const batch = new ReadinessBatch(1)
      for (let i = 0; i < 5; i++) {
        let n = -1
        expect(nsOf(() => (n = poller.wait(batch, timeoutNs)))).toBeGreaterThanOrEqual(timeoutNs)
        expect(n).toBe(0)
      }
    },
  )

  test('a timeout below a millisecond is not rounded up to one, where the kernel has the calls for it', () => {
    using poller = backend.open(libc)
    const batch = new ReadinessBatch(1)
    let shortest = Infinity
    for (let i = 0; i < 500 && shortest >= 1_000_000; i++) {
      shortest = Math.min(
        shortest,
        nsOf(() => poller.wait(batch, 100_000)),
      )
    }
    expect(shortest).toBeLessThan(1_000_000)
  })

  test.each([2 ** 31 * 1e6, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, Infinity])(
    'a timeout of %d ns, which no system call has room for, is taken',
    (timeoutNs) => {
      using poller = backend.open(libc)
      poller.wake()
      expect(reported(poller, { timeoutNs })).toEqual([[0n, 'WAKE']])
    },
  )

  test('nothing registered: a wait lasts its time, and a wake ends one without a timeout', () => {
    using poller = backend.open(libc)
    expect(nsOf(() => expect(reported(poller, { timeoutNs: 2_000_000 })).toEqual([]))).toBeGreaterThan(
      2_000_000,
    )
    poller.wake()
    expect(reported(poller, { timeoutNs: null })).toEqual([[0n, 'WAKE']])
  })

  test.each([
    ['without a timeout', null],
    ['of whole milliseconds', LONG_NS],
    ['of a fraction of a millisecond', LONG_NS + 1],
  ])('a signal ends a wait %s with INTERRUPTED, and the next wait works', async (_, timeoutNs) => {
    using poller = backend.open(libc)
    using eventfd = openEventfd(libc)
    poller.add(eventfd.fd, READ, 1)
    const batch = new ReadinessBatch(4)
    expect(await underSignals(() => poller.wait(batch, timeoutNs))).toBe(INTERRUPTED)
    write(libc, eventfd.fd)
    expect(reported(poller)).toEqual([[1n, 'READABLE']])
  })

  test('a batch that is used again holds nothing of the last wait', () => {
    using poller = backend.open(libc)
    using eventfd = openEventfd(libc)
    const batch = new ReadinessBatch(2)
    poller.add(eventfd.fd, WRITE, 2n ** 64n - 1n)
    poller.wait(batch, 0)
    poller.modify(eventfd.fd, WRITE, 1)
    expect([poller.wait(batch, 0), batch.token(0), batch.fds[0]]).toEqual([1, 1n, eventfd.fd])
    poller.remove(eventfd.fd)
    poller.wake()
    expect([poller.wait(batch, 0), batch.token(0), batch.fds[0]]).toEqual([1, 0n, -1])
  })

  test('batches of changing size are filled as far as they go', () => {
    using poller = backend.open(libc)
    const all = Array.from({ length: 100 }, () => openEventfd(libc))
    for (const [i, { fd }] of all.entries()) poller.add(fd, WRITE, i)
    const counts = [1, 100, 3, 1000, 64, 65].map((capacity) => poller.wait(new ReadinessBatch(capacity), 0))
    for (const eventfd of all) eventfd.close()
    expect(counts).toEqual([1, 100, 3, 100, 64, 65])
  })

  test('hang-ups show as far as the backend tells them apart', () => {
    using poller = backend.open(libc)
    const [a, b] = openSocketpair(libc)
    const [reader, writer] = openPipe(libc)
    using _a = a
    using _reader = reader
    poller.add(a.fd, READ, 1)
    poller.add(reader.fd, READ, 2)
    b.close()
    writer.close()
    const { hangup, tokenPer } = backend.capabilities
    // A filter knows of its direction, and of no other.
    const ofDirection = 'READABLE READ_CLOSED'
    expect(reported(poller)).toEqual(
      tokenPer === 'direction'
        ? [
            [1n, ofDirection],
            [2n, ofDirection],
          ]
        : [
            [1n, hangup ? 'READABLE READ_CLOSED HANGUP' : 'READABLE'],
            [2n, hangup ? 'HANGUP' : 'READABLE'],
          ],
    )
  })
})
