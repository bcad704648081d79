/** The contract of Pollers (backend.ts), on every backend. */
import { describe, expect, test } from 'vitest'
import { SystemError, UnsupportedError } from '../errors.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import { openLibc } from '../libc/libc.ts'
import { descriptorLimit, setDescriptorLimit } from '../libc/limits.ts'
import { drain, duplicate, nsOf, underSignals, write } from '../testing/native.ts'
import { reported } from '../testing/pollers.ts'
import { Interest, INTERRUPTED, ReadinessBatch } from './backend.ts'
import { backends } from './index.ts'

const libc = openLibc()
const { READ, WRITE } = Interest

/** What must come, comes at once; the room is for a loaded machine. */
const LONG_NS = 20_000_000_000

/** Runs an action while no descriptor can be opened. */
function withoutDescriptors<T>(action: () => T): T {
  const { soft, hard } = descriptorLimit(libc)
  setDescriptorLimit(libc, 0, hard)
  try {
    return action()
  } finally {
    setDescriptorLimit(libc, soft, hard)
  }
}

describe.each(Object.values(backends))('$name', (backend) => {
  describe('registrations', () => {
    test('adding twice is EEXIST; modifying and removing what is not there are ENOENT', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      const { fd } = eventfd
      expect(() => poller.modify(fd, READ, 1)).toThrow('ENOENT')
      expect(() => poller.remove(fd)).toThrow('ENOENT')
      poller.add(fd, READ, 1)
      expect(() => poller.add(fd, READ, 2)).toThrow('EEXIST')
      poller.remove(fd)
      expect(() => poller.remove(fd)).toThrow('ENOENT')
      expect(() => poller.modify(fd, READ, 1)).toThrow('ENOENT')
      poller.add(fd, READ, 1)
    })

    test('an error names the operation and the descriptor', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      const act = (): void => poller.remove(eventfd.fd)
      expect(act).toThrow(SystemError)
      expect(act).toThrow(new RegExp(`(epoll_ctl|${backend.name} remove): ENOENT \\(fd ${eventfd.fd}\\)`))
    })

    test('what is no open descriptor is EBADF, also what looks like one once it is cut to an int', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      const { fd } = eventfd
      const closed = 9_999
      for (const wrong of [-1, closed, fd + 0.5, fd + 2 ** 32, NaN, Infinity]) {
        expect(() => poller.add(wrong, READ, 1)).toThrow('EBADF')
        expect(() => poller.modify(wrong, READ, 1)).toThrow('EBADF')
      }
      expect(() => poller.remove(fd + 0.5)).toThrow('EBADF')
      expect(() => poller.remove(fd)).toThrow('ENOENT')
    })

    test('a failed add leaves nothing behind: the number can be used when it is open', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      const copy = duplicate(libc, eventfd.fd, 100)
      const { fd } = copy
      copy.close()
      expect(() => poller.add(fd, READ, 1)).toThrow('EBADF')
      using again = duplicate(libc, eventfd.fd, fd)
      expect(again.fd).toBe(fd)
      write(libc, eventfd.fd)
      expect(reported(poller)).toEqual([])
      poller.add(fd, READ, 2)
      expect(reported(poller)).toEqual([[2n, 'READABLE']])
    })

    test('modify replaces interest and token, at once', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      write(libc, eventfd.fd)
      poller.add(eventfd.fd, READ, 1)
      poller.modify(eventfd.fd, WRITE, 2)
      expect(reported(poller)).toEqual([[2n, 'WRITABLE']])
      poller.modify(eventfd.fd, READ | WRITE, 3)
      expect(reported(poller)).toEqual([[3n, 'READABLE WRITABLE']])
    })

    test('what was removed is not reported, although it is ready', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      poller.add(eventfd.fd, READ, 1)
      write(libc, eventfd.fd)
      poller.remove(eventfd.fd)
      expect(reported(poller)).toEqual([])
    })

    test('a oneshot is silent after its event, keeps its place, and is armed by modify', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      poller.add(eventfd.fd, READ, 1, { trigger: 'oneshot' })
      write(libc, eventfd.fd)
      expect(reported(poller)).toEqual([[1n, 'READABLE']])
      expect(reported(poller)).toEqual([])
      expect(() => poller.add(eventfd.fd, READ, 2)).toThrow('EEXIST')
      poller.modify(eventfd.fd, READ, 2, { trigger: 'oneshot' })
      expect(reported(poller)).toEqual([[2n, 'READABLE']])
      expect(reported(poller)).toEqual([])
      poller.remove(eventfd.fd)
      expect(() => poller.remove(eventfd.fd)).toThrow('ENOENT')
    })

    test.each(backend.capabilities.triggers)(
      'the trigger %s, which the backend names, is taken',
      (trigger) => {
        using poller = backend.open(libc)
        using eventfd = openEventfd(libc)
        poller.add(eventfd.fd, READ | WRITE, 1, { trigger })
        expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
      },
    )

    test('a trigger that the backend lacks is an UnsupportedError, and registers nothing', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      const { triggers } = backend.capabilities
      const missing = (['level', 'edge', 'oneshot', 'edge-oneshot'] as const).filter(
        (t) => !triggers.includes(t),
      )
      for (const trigger of missing) {
        expect(() => poller.add(eventfd.fd, READ, 1, { trigger })).toThrow(UnsupportedError)
      }
      expect(() => poller.remove(eventfd.fd)).toThrow('ENOENT')
    })

    test.skipIf(backend.capabilities.exclusive)(
      'exclusive is an UnsupportedError, and registers nothing',
      () => {
        using poller = backend.open(libc)
        using eventfd = openEventfd(libc)
        expect(() => poller.add(eventfd.fd, READ, 1, { exclusive: true })).toThrow(UnsupportedError)
        expect(() => poller.remove(eventfd.fd)).toThrow('ENOENT')
      },
    )
  })

  describe('tokens', () => {
    test.each([0n, 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, 0xdeadbeefcafebaben])(
      '%s comes back',
      (token) => {
        using poller = backend.open(libc)
        using eventfd = openEventfd(libc)
        poller.add(eventfd.fd, WRITE, token)
        expect(reported(poller)).toEqual([[token, 'WRITABLE']])
      },
    )

    test('a number comes back as the BigInt that it is', () => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      poller.add(eventfd.fd, WRITE, Number.MAX_SAFE_INTEGER)
      expect(reported(poller)).toEqual([[9007199254740991n, 'WRITABLE']])
    })

    test.each([-1, 1.5, NaN, 2 ** 53, -1n, 2n ** 64n])('%s is a RangeError, and changes nothing', (token) => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      expect(() => poller.add(eventfd.fd, WRITE, token)).toThrow(RangeError)
      expect(reported(poller)).toEqual([])
      poller.add(eventfd.fd, WRITE, 1)
      expect(() => poller.modify(eventfd.fd, READ, token)).toThrow(RangeError)
      expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
    })
  })

  describe('wait', () => {
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
      const { hangup } = backend.capabilities
      expect(reported(poller)).toEqual([
        [1n, hangup ? 'READABLE READ_CLOSED HANGUP' : 'READABLE'],
        [2n, hangup ? 'HANGUP' : 'READABLE'],
      ])
    })
  })

  describe('a closed Poller', () => {
    test('is EBADF for everything, and can be closed again', () => {
      const poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      poller.add(eventfd.fd, READ, 1)
      poller.wake()
      poller.close()
      poller.close()
      const uses = [
        (): unknown => poller.add(eventfd.fd, READ, 1),
        (): unknown => poller.modify(eventfd.fd, READ, 1),
        (): unknown => poller.remove(eventfd.fd),
        (): unknown => poller.wait(new ReadinessBatch(1), 0),
        (): unknown => poller.wake(),
        (): unknown => poller.wakeHandle(),
      ]
      for (const use of uses) expect(use).toThrow('EBADF')
    })

    test('leaves alone what it watched', () => {
      using eventfd = openEventfd(libc)
      const poller = backend.open(libc)
      poller.add(eventfd.fd, READ, 1)
      poller.close()
      expect(write(libc, eventfd.fd)).toBe(8)
      expect(drain(libc, eventfd.fd)).toBe(8)
    })

    test('does not close what has its numbers by then', () => {
      const poller = backend.open(libc)
      poller.wake()
      poller.close()
      using eventfd = openEventfd(libc)
      using other = openEventfd(libc)
      poller.close()
      expect([write(libc, eventfd.fd), write(libc, other.fd)]).toEqual([8, 8])
    })
  })

  test('without free descriptors a wake is EMFILE, nothing is lost, and a later wake works', () => {
    using poller = backend.open(libc)
    using eventfd = openEventfd(libc)
    poller.add(eventfd.fd, WRITE, 1)
    expect(() => withoutDescriptors(() => poller.wake())).toThrow('EMFILE')
    expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
    poller.wake()
    expect(reported(poller)).toEqual([
      [0n, 'WAKE'],
      [1n, 'WRITABLE'],
    ])
  })
})

test('without free descriptors epoll cannot be opened: EMFILE', () => {
  expect(() => withoutDescriptors(() => backends.epoll.open(libc))).toThrow('epoll_create1: EMFILE')
})
