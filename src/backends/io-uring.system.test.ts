/** What is io_uring's own: answers that are not true any more, bits that nobody asked for, and the end of a ring. */
import { describe, expect, test } from 'vitest'
import { IORING_SETUP } from '../libc/constants/io-uring.ts'
import { SHUT } from '../libc/constants/linux.ts'
import { syscallNumbers } from '../libc/constants/syscalls.ts'
import { openEventfd, openSocketpair } from '../libc/fd.ts'
import { errnoName, errnoNumber, openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { layouts } from '../libc/layouts.ts'
import { findMemory, Memory } from '../libc/memory.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import type { Pointer } from '../libc/signatures.ts'
import { wrapLibc } from '../libc/wrap.ts'
import { drain, duplicate, fill, nsOf, write } from '../testing/native.ts'
import { reported } from '../testing/pollers.ts'
import { Interest, ReadinessBatch } from './backend.ts'
import type { RetiredPoller } from './backend.ts'
import { backends } from './index.ts'

const libc = openLibc()
const { READ, WRITE } = Interest
const { io_uring: ioUring, epoll } = backends
const isHere = ioUring.isPresent(libc) && ioUring.availability(libc).available
if (!isHere) process.stderr.write('skipped: io_uring, which cannot be used here\n')

/** The same functions, but that every system call that `which` picks fails with an errno. */
function failing(errno: string, which: (number: number, first: number) => boolean): Libc {
  const number = errnoNumber(errno as Parameters<typeof errnoNumber>[0])
  let failed = false
  const wrapped = wrapLibc(libc, (name, native) => (...args) => {
    failed = name === 'syscall' && which(Number(args[0]), Number(args[1]))
    return failed ? -1 : native(...args)
  })
  return { ...wrapped, errno: () => (failed ? number : libc.errno()) }
}

/** The same functions, with a kernel that knows only some of the flags of io_uring_setup. */
function knowing(flags: number): Libc {
  let refused = false
  const wrapped = wrapLibc(libc, (name, native) => (...args) => {
    const isSetup = name === 'syscall' && args[0] === syscallNumbers()?.io_uring_setup
    const params = isSetup ? findMemory(Number(args[2]) as Pointer)?.memory.view : undefined
    refused =
      params !== undefined && (params.getUint32(layouts.io_uring_params.offsets.flags, true) & ~flags) !== 0
    return refused ? -1 : native(...args)
  })
  return { ...wrapped, errno: () => (refused ? errnoNumber('EINVAL') : libc.errno()) }
}

describe.skipIf(!isHere)('a poller of io_uring', () => {
  test.each(['remove', 'modify and remove'] as const)(
    'a request that has just been woken does not keep a file open that is closed after %s',
    (how) => {
      using poller = ioUring.open(libc)
      const [watched, other] = openSocketpair(libc)
      poller.add(watched.fd, READ | Interest.PRIORITY, 1, { trigger: 'edge' })
      // The kernel leaves a request alone that it has not worked off yet: POLL_REMOVE says EALREADY.
      write(libc, other.fd)
      if (how !== 'remove') poller.modify(watched.fd, WRITE, 2)
      poller.remove(watched.fd)
      watched.close()
      // That it is closed, with something in it that nobody read, can be seen at the other end.
      const result = libc.fn.recv(other.fd, new Memory(1).address, 1, 0)
      expect([result, errnoName(libc.errno())]).toEqual([-1, 'ECONNRESET'])
      other.close()
    },
  )

  test.each(['level', 'oneshot', 'edge-oneshot'] as const)(
    '%s: what was ready before the wait and is not any more is not reported',
    (trigger) => {
      using poller = ioUring.open(libc)
      using eventfd = openEventfd(libc)
      poller.add(eventfd.fd, READ, 1, { trigger })
      for (let i = 0; i < 3; i++) {
        write(libc, eventfd.fd)
        drain(libc, eventfd.fd)
        expect(reported(poller)).toEqual([])
        expect(
          nsOf(() => expect(reported(poller, { timeoutNs: 2_000_000 })).toEqual([])),
        ).toBeGreaterThanOrEqual(2_000_000)
      }
      write(libc, eventfd.fd)
      expect(reported(poller)).toEqual([[1n, 'READABLE']])
    },
  )

  test('reports all of the readiness, and not only what has woken it', () => {
    using poller = ioUring.open(libc)
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    fill(libc, a.fd)
    poller.add(a.fd, READ | WRITE, 1)
    expect(reported(poller)).toEqual([])
    drain(libc, b.fd)
    write(libc, b.fd)
    expect(reported(poller)).toEqual([[1n, 'READABLE WRITABLE']])
  })

  test('edges of one descriptor are one event a wait, and none is lost where there is no room', () => {
    using poller = ioUring.open(libc)
    const eventfds = [openEventfd(libc), openEventfd(libc), openEventfd(libc)]
    for (const [i, { fd }] of eventfds.entries()) poller.add(fd, READ, i, { trigger: 'edge' })
    for (let i = 0; i < 3; i++) for (const { fd } of eventfds) write(libc, fd)
    const seen = [1, 1, 1].flatMap((capacity) => reported(poller, { capacity }))
    expect(new Set(seen.map(([token]) => token))).toEqual(new Set([0n, 1n, 2n]))
    expect(seen).toHaveLength(3)
    expect(reported(poller)).toEqual([])
    for (const eventfd of eventfds) eventfd.close()
  })

  test('a half-close that who only writes did not ask for is no event, and does not keep the wait busy', () => {
    using poller = ioUring.open(libc)
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    fill(libc, a.fd)
    poller.add(a.fd, WRITE, 1)
    libc.fn.shutdown(b.fd, SHUT.WR)
    let calls = 0
    const counted = wrapLibc(libc, (name, native) => (...args) => {
      if (name === 'syscall') calls++
      return native(...args)
    })
    using other = ioUring.open(counted)
    other.add(a.fd, WRITE, 2)
    calls = 0
    expect(nsOf(() => expect(reported(other, { timeoutNs: 5_000_000 })).toEqual([]))).toBeGreaterThanOrEqual(
      5_000_000,
    )
    expect(calls).toBeLessThan(6)
    expect([reported(poller), reported(poller)]).toEqual([[], []])
    drain(libc, b.fd)
    for (let i = 0; i < 2; i++) {
      expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
      expect(reported(other)).toEqual([[2n, 'WRITABLE']])
    }
  })

  test('a wait with nothing to say makes one call; one with a thousand ready makes few', () => {
    let calls = 0
    const counted = wrapLibc(libc, (name, native) => (...args) => {
      if (name === 'syscall') calls++
      return native(...args)
    })
    using poller = ioUring.open(counted)
    using eventfd = openEventfd(libc)
    const copies = Array.from({ length: 1000 }, () => duplicate(libc, eventfd.fd, 0))
    for (const [i, { fd }] of copies.entries()) poller.add(fd, READ, i)
    const batch = new ReadinessBatch(1024)
    calls = 0
    expect([poller.wait(batch, 0), calls]).toEqual([0, 1])
    write(libc, eventfd.fd)
    expect(poller.wait(batch, 0)).toBe(1000)
    // Those that stay ready are asked about again in the call that waits.
    calls = 0
    expect([poller.wait(batch, 0), calls]).toEqual([1000, 1])
    for (const copy of copies) copy.close()
  })

  test('more completions than the ring has room for are all there', () => {
    using poller = ioUring.open(libc)
    using eventfd = openEventfd(libc)
    const copies = Array.from({ length: 5000 }, () => duplicate(libc, eventfd.fd, 0))
    for (const [i, { fd }] of copies.entries()) poller.add(fd, READ, i, { trigger: 'edge' })
    write(libc, eventfd.fd)
    expect(new Set(reported(poller, { capacity: 5000 }).map(([token]) => token)).size).toBe(5000)
    for (const copy of copies) copy.close()
  })

  test('leaves its end to who takes it over, and has no descriptor by then', () => {
    const before = openDescriptors(libc)
    const retired: RetiredPoller[] = []
    using eventfd = openEventfd(libc)
    const calls: number[] = []
    const told = wrapLibc(libc, (name, native) => (...args) => {
      if (name === 'syscall') calls.push(Number(args[0]))
      if (name === 'munmap') calls.push(-1)
      return native(...args)
    })
    const poller = ioUring.open(told, { retire: (one) => retired.push(one) })
    poller.add(eventfd.fd, READ, 1)
    calls.length = 0
    poller.close()
    poller.close()
    expect(retired).toHaveLength(1)
    // It waits for nothing, and its memory is still there.
    expect(calls.filter((call) => call === -1 || call === syscallNumbers()?.rt_sigtimedwait)).toEqual([])
    expect(openDescriptors(libc).size).toBe(before.size + 1)
    retired[0]?.end()
    expect(calls).toContain(-1)
    retired[0]?.settle()
    expect(calls).toContain(syscallNumbers()?.rt_sigtimedwait)
  })

  test('works as one that threads share', () => {
    using eventfd = openEventfd(libc)
    write(libc, eventfd.fd)
    using shared = ioUring.open(libc, { shared: true })
    shared.add(eventfd.fd, READ, 1)
    expect([reported(shared), reported(shared)]).toEqual([[[1n, 'READABLE']], [[1n, 'READABLE']]])
    drain(libc, eventfd.fd)
    expect(reported(shared)).toEqual([])
  })

  const { CQSIZE, CLAMP, COOP_TASKRUN, TASKRUN_FLAG, SUBMIT_ALL, SINGLE_ISSUER, DEFER_TASKRUN } = IORING_SETUP
  test.each([
    ['5.13', CQSIZE | CLAMP],
    ['5.19', CQSIZE | CLAMP | COOP_TASKRUN | TASKRUN_FLAG | SUBMIT_ALL],
    ['6.1', CQSIZE | CLAMP | TASKRUN_FLAG | SUBMIT_ALL | SINGLE_ISSUER | DEFER_TASKRUN],
  ])('works with the setup flags that Linux %s has', (_, known) => {
    const old = knowing(known)
    expect(ioUring.availability(old)).toEqual({ available: true })
    using poller = ioUring.open(old)
    using eventfd = openEventfd(libc)
    poller.add(eventfd.fd, READ, 1)
    write(libc, eventfd.fd)
    expect([reported(poller), reported(poller)]).toEqual([[[1n, 'READABLE']], [[1n, 'READABLE']]])
    drain(libc, eventfd.fd)
    expect(reported(poller, { timeoutNs: 1_000_000 })).toEqual([])
    poller.wake()
    poller.modify(eventfd.fd, WRITE, 2)
    expect(reported(poller)).toEqual([
      [0n, 'WAKE'],
      [2n, 'WRITABLE'],
    ])
    poller.remove(eventfd.fd)
    expect(reported(poller)).toEqual([])
  })

  test('makes do with a smaller ring where one of its size may not be had', () => {
    const sizes: number[] = []
    const frugal = failing('ENOMEM', (number, entries) => {
      if (number === syscallNumbers()?.io_uring_setup) sizes.push(entries)
      return number === syscallNumbers()?.io_uring_setup && entries > 16
    })
    using poller = ioUring.open(frugal)
    expect(sizes).toEqual([1024, 128, 16])
    const [reader, writer] = openSocketpair(libc)
    using _reader = reader
    using _writer = writer
    poller.add(reader.fd, Interest.READ, 7)
    write(libc, writer.fd)
    expect(reported(poller)).toEqual([[7n, 'READABLE']])
  })

  test('its end interrupts nobody: an epoll_wait that follows lasts its time', () => {
    for (let i = 0; i < 3; i++) ioUring.open(libc).close()
    using poller = epoll.open(libc)
    expect(
      nsOf(() => expect(reported(poller, { timeoutNs: 100_000_000 })).toEqual([])),
    ).toBeGreaterThanOrEqual(100_000_000)
  })
})

describe.skipIf(syscallNumbers() === undefined)('where io_uring cannot be used, it is said why', () => {
  const { io_uring_setup = -1, io_uring_enter = -1 } = syscallNumbers() ?? {}

  test.each([
    ['ENOSYS', /^io_uring_setup failed with ENOSYS$/],
    ['EPERM', /^io_uring_setup failed with EPERM/],
    ['ENOMEM', /^io_uring_setup failed with ENOMEM: RLIMIT_MEMLOCK may be too small$/],
  ])('%s', (errno, reason) => {
    const answer = ioUring.availability(failing(errno, (number) => number === io_uring_setup))
    expect(answer).toEqual({ available: false, errno, reason: expect.stringMatching(reason) as string })
    expect(() => ioUring.open(failing(errno, (number) => number === io_uring_setup))).toThrow(errno)
  })

  test.skipIf(!isHere)('a ring that can be had and does not answer is broken, and not missing', () => {
    const deaf = wrapLibc(
      libc,
      (name, native) =>
        (...args) =>
          name === 'syscall' && args[0] === io_uring_enter ? 1 : native(...args),
    )
    expect(ioUring.availability(deaf)).toEqual({
      available: false,
      reason: 'a poll of a ready descriptor is not answered',
      broken: true,
    })
  })
})
