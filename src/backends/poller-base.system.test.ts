/** The contract of Pollers (backend.ts), on every backend; for `wait` see poller-wait.system.test.ts. */
import { describe, expect, test } from 'vitest'
import { SystemError, UnsupportedError } from '../errors.ts'
import { openEventfd } from '../libc/fd.ts'
import { descriptorLimit, setDescriptorLimit } from '../libc/limits.ts'
import { drain, duplicate, moduleUrl, runThread, write } from '../testing/native.ts'
import { reported } from '../testing/pollers.ts'
import { Interest, ReadinessBatch } from './backend.ts'
import { backends } from './index.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc
const { READ, WRITE } = Interest

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

describe.each(testedBackends)('%s', (_name, backend) => {
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

  test('works in a worker, with the functions that the main thread has found', async () => {
    const script = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { attachLibc } from '${moduleUrl('libc/libc')}'
      import { openEventfd } from '${moduleUrl('libc/fd')}'
      import { backends } from '${moduleUrl('backends/index')}'
      import { Interest, ReadinessBatch } from '${moduleUrl('backends/backend')}'
      const libc = attachLibc(workerData)
      const eventfd = openEventfd(libc)
      const poller = backends['${backend.name}'].open(libc)
      const batch = new ReadinessBatch(4)
      poller.add(eventfd.fd, Interest.WRITE, 7)
      poller.wake()
      const counts = [poller.wait(batch, 100_500), poller.wait(batch, 0)]
      parentPort.postMessage([counts, batch.token(0)])
      poller.close()
      eventfd.close()
    `
    expect(await runThread(script, libc.plan)).toEqual([[2, 1], 7n])
  })

  // What the kernel object has of its own takes no descriptor.
  test.skipIf(backend.capabilities.userEvents)(
    'without free descriptors a wake is EMFILE, nothing is lost, and a later wake works',
    () => {
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
    },
  )
})

test('without free descriptors epoll cannot be opened: EMFILE', () => {
  expect(() => withoutDescriptors(() => backends.epoll.open(libc))).toThrow('epoll_create1: EMFILE')
})
