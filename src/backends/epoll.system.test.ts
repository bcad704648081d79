import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { describe, expect, test } from 'vitest'
import { EPOLL_CLOEXEC } from '../libc/constants/linux.ts'
import { syscallNumbers } from '../libc/constants/syscalls.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import { attachLibc, openLibc, sys } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { NULL } from '../libc/signatures.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { duplicate, nsOf, write } from '../testing/native.ts'
import { codeOf, reported } from '../testing/pollers.ts'
import { Interest, INTERRUPTED, ReadinessBatch } from './backend.ts'
import type { Poller } from './backend.ts'
import { epoll } from './epoll.ts'

const libc = openLibc()
const { READ, WRITE, PRIORITY } = Interest

describe('timeouts that are no whole milliseconds', () => {
  /** Waits, with nothing ready, and returns for how long at least. */
  function shortestOf(poller: Poller, timeoutNs: number, tries: number): number {
    const batch = new ReadinessBatch(1)
    let shortest = Infinity
    for (let i = 0; i < tries && shortest >= 1_000_000; i++) {
      shortest = Math.min(
        shortest,
        nsOf(() => expect(poller.wait(batch, timeoutNs)).toBe(0)),
      )
    }
    return shortest
  }

  test.skipIf(!hasCompiler).each(['pwait2-enosys', 'pwait2-eperm'])(
    'are rounded up to milliseconds where epoll_pwait2 is missing or forbidden, and it is asked once (%s)',
    (fault) => {
      using poller = epoll.open(openLibc({ lib: compileLibrary(`faults/${fault}`) }))
      using eventfd = openEventfd(libc)
      poller.add(eventfd.fd, READ, 1)
      expect(shortestOf(poller, 200_000, 1)).toBeGreaterThanOrEqual(1_000_000)
      expect(shortestOf(poller, 1_500_000, 3)).toBeGreaterThanOrEqual(2_000_000)
      write(libc, eventfd.fd)
      expect(reported(poller, { timeoutNs: 1_500_000 })).toEqual([[1n, 'READABLE']])
    },
  )

  test.skipIf(!hasCompiler)(
    'do not hand a user-space epoll without epoll_pwait2 to that of the kernel',
    () => {
      using poller = epoll.open(openLibc({ lib: compileLibrary('libraries/user-epoll') }))
      expect(shortestOf(poller, 1_500_000, 2)).toBeGreaterThanOrEqual(2_000_000)
      expect(shortestOf(poller, 1, 1)).toBeGreaterThanOrEqual(1_000_000)
    },
  )

  /** Whether the kernel itself has epoll_pwait2. */
  function kernelHasPwait2(): boolean {
    const number = syscallNumbers()?.epoll_pwait2
    if (number === undefined) return false
    const fd = sys(libc, 'epoll_create1', EPOLL_CLOEXEC)
    const [events, now] = [new Memory(16), new Memory(16)]
    const result = libc.fn.syscall(number, fd, events.address, 1, now.address, NULL, 8)
    libc.fn.close(fd)
    return result === 0
  }

  test.skipIf(!kernelHasPwait2())('use the raw call where libc has no wrapper for it', () => {
    const { epoll_pwait2: _, ...bindings } = libc.plan.bindings
    using poller = epoll.open(attachLibc({ ...libc.plan, bindings }))
    const shortest = shortestOf(poller, 100_000, 500)
    expect(shortest).toBeGreaterThanOrEqual(100_000)
    expect(shortest).toBeLessThan(1_000_000)
  })

  test('are rounded up where there is neither a wrapper nor a raw call', () => {
    const { epoll_pwait2: _, syscall: __, ...bindings } = libc.plan.bindings
    using poller = epoll.open(attachLibc({ ...libc.plan, bindings }))
    expect(shortestOf(poller, 100_000, 1)).toBeGreaterThanOrEqual(1_000_000)
  })
})

describe('an entry whose file outlives its descriptor', () => {
  /** Registers an eventfd, closes it with a duplicate alive, and makes it ready. */
  function withStale(action: (poller: Poller, fd: number, makeReady: () => void) => void): void {
    using poller = epoll.open(libc)
    const old = openEventfd(libc)
    using alive = duplicate(libc, old.fd, 0)
    const { fd } = old
    poller.add(fd, READ, 1)
    old.close()
    action(poller, fd, () => write(libc, alive.fd))
  }

  const wait = (poller: Poller, capacity = 8): number => poller.wait(new ReadinessBatch(capacity), 0)

  test('is reported while the number is not registered anew: the kernel does not tell the difference', () => {
    withStale((poller, _, makeReady) => {
      makeReady()
      expect(reported(poller)).toEqual([[1n, 'READABLE']])
    })
  })

  test('is dropped once its number is registered for another file', () => {
    withStale((poller, fd, makeReady) => {
      using next = openEventfd(libc)
      expect(next.fd).toBe(fd)
      poller.add(fd, READ, 2)
      expect(wait(poller)).toBe(0)
      makeReady()
      expect(wait(poller)).toBe(INTERRUPTED)
      write(libc, next.fd)
      expect(reported(poller)).toEqual([[2n, 'READABLE']])
      poller.modify(fd, READ | WRITE, 3)
      expect(reported(poller)).toEqual([[3n, 'READABLE WRITABLE']])
    })
  })

  test('is dropped once its number was removed, whatever the kernel says of that', () => {
    withStale((poller, fd, makeReady) => {
      expect(codeOf(() => poller.remove(fd))).toBe('EBADF')
      makeReady()
      expect(wait(poller)).toBe(INTERRUPTED)
    })
  })

  test('ends a wait before its time with INTERRUPTED, and never with 0', () => {
    withStale((poller, fd, makeReady) => {
      using next = openEventfd(libc)
      poller.add(next.fd, READ, 2)
      makeReady()
      expect([next.fd, poller.wait(new ReadinessBatch(4), 5_000_000_000)]).toEqual([fd, INTERRUPTED])
    })
  })

  test('does not keep the others from being reported, in the smallest batch', () => {
    withStale((poller, fd, makeReady) => {
      using next = openEventfd(libc)
      poller.add(fd, READ, 2)
      makeReady()
      write(libc, next.fd)
      const inTurn = [wait(poller, 1), wait(poller, 1), wait(poller, 1), wait(poller, 1)]
      expect(inTurn.filter((n) => n === 1)).toHaveLength(2)
      expect(inTurn.filter((n) => n === INTERRUPTED)).toHaveLength(2)
    })
  })

  test('is the registration again once the descriptor is restored: then an add is EEXIST, and modify works', () => {
    using poller = epoll.open(libc)
    const old = openEventfd(libc)
    using alive = duplicate(libc, old.fd, 0)
    const { fd } = old
    poller.add(fd, READ, 1)
    old.close()
    expect(codeOf(() => poller.remove(fd))).toBe('EBADF')
    using restored = duplicate(libc, alive.fd, fd)
    expect(restored.fd).toBe(fd)
    expect(codeOf(() => poller.add(fd, READ, 2))).toBe('EEXIST')
    poller.modify(fd, READ, 2)
    write(libc, alive.fd)
    expect(reported(poller)).toEqual([[2n, 'READABLE']])
  })
})

describe('triggers', () => {
  test('edge reports each arrival once', () => {
    using poller = epoll.open(libc)
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    poller.add(reader.fd, READ, 1, { trigger: 'edge' })
    write(libc, writer.fd)
    expect([reported(poller), reported(poller)]).toEqual([[[1n, 'READABLE']], []])
    write(libc, writer.fd)
    expect([reported(poller), reported(poller)]).toEqual([[[1n, 'READABLE']], []])
  })

  test('edge-oneshot is silent after its event until it is modified, also when more arrives', () => {
    using poller = epoll.open(libc)
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    poller.add(reader.fd, READ, 1, { trigger: 'edge-oneshot' })
    write(libc, writer.fd)
    expect(reported(poller)).toEqual([[1n, 'READABLE']])
    write(libc, writer.fd)
    expect(reported(poller)).toEqual([])
    poller.modify(reader.fd, READ, 2, { trigger: 'edge-oneshot' })
    expect([reported(poller), reported(poller)]).toEqual([[[2n, 'READABLE']], []])
  })

  test('modify may change the trigger', () => {
    using poller = epoll.open(libc)
    using eventfd = openEventfd(libc)
    write(libc, eventfd.fd)
    poller.add(eventfd.fd, READ, 1, { trigger: 'edge' })
    expect([reported(poller), reported(poller)]).toEqual([[[1n, 'READABLE']], []])
    poller.modify(eventfd.fd, READ, 2)
    expect([reported(poller), reported(poller)]).toEqual([[[2n, 'READABLE']], [[2n, 'READABLE']]])
  })
})

describe('exclusive', () => {
  test('is taken by the kernel and reports as usual, but for a half-close', () => {
    using poller = epoll.open(libc)
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    poller.add(a.fd, READ | WRITE, 1, { exclusive: true })
    expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
    const SHUT_WR = 1
    sys(libc, 'shutdown', b.fd, SHUT_WR)
    expect(reported(poller)).toEqual([[1n, 'READABLE WRITABLE']])
    poller.remove(a.fd)
    expect(reported(poller)).toEqual([])
  })

  test('with an edge is taken too; with oneshot or priority, and in modify, it is EINVAL', () => {
    using poller = epoll.open(libc)
    using eventfd = openEventfd(libc)
    const { fd } = eventfd
    expect(codeOf(() => poller.add(fd, READ, 1, { exclusive: true, trigger: 'oneshot' }))).toBe('EINVAL')
    expect(codeOf(() => poller.add(fd, PRIORITY, 1, { exclusive: true }))).toBe('EINVAL')
    expect(codeOf(() => poller.add(fd, READ, 1, { exclusive: true, trigger: 'edge' }))).toBe('ok')
    expect(codeOf(() => poller.modify(fd, READ, 2, { exclusive: true }))).toBe('EINVAL')
    expect(codeOf(() => poller.modify(fd, READ, 2))).toBe('EINVAL')
    write(libc, fd)
    expect(reported(poller)).toEqual([[1n, 'READABLE']])
  })
})

test.each([
  ['a file', import.meta.filename],
  ['a directory', import.meta.dirname],
  ['a device that is always ready', devNull],
])('%s cannot be watched: EPERM, and nothing is registered', (_, path) => {
  using poller = epoll.open(libc)
  const fd = openSync(path, 'r')
  const code = codeOf(() => poller.add(fd, READ, 1))
  closeSync(fd)
  using next = openEventfd(libc)
  write(libc, next.fd)
  expect([code, next.fd, reported(poller)]).toEqual(['EPERM', fd, []])
})
