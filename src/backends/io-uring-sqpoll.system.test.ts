/** What is SQPOLL's own: a thread of the kernel that sleeps, that has much to do, that dies, or that may not be had. */
import { describe, expect, test } from 'vitest'
import { IORING_ENTER, IORING_FEAT, IORING_SETUP } from '../libc/constants/io-uring.ts'
import { syscallNumbers } from '../libc/constants/syscalls.ts'
import { openEventfd } from '../libc/fd.ts'
import { layouts } from '../libc/layouts.ts'
import { errnoNumber, openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { findMemory } from '../libc/memory.ts'
import type { Pointer } from '../libc/signatures.ts'
import { wrapLibc } from '../libc/wrap.ts'
import { drain, duplicate, write } from '../testing/native.ts'
import { reported } from '../testing/pollers.ts'
import { Interest } from './backend.ts'
import { backends } from './index.ts'

const libc = openLibc()
const sqpoll = backends['io_uring-sqpoll']
const isHere = sqpoll.isPresent(libc) && sqpoll.availability(libc).available
if (!isHere) process.stderr.write('skipped: SQPOLL, which cannot be used here\n')

const { io_uring_setup: SETUP, io_uring_enter: ENTER } = syscallNumbers() ?? {}

const EOWNERDEAD = 130

/** Longer than the thread looks for requests before it sleeps. */
const ASLEEP_MS = 100

/** The same functions, but that system calls pass through `around`. */
function around(call: (number: number, args: readonly number[], native: () => number) => number): Libc {
  return wrapLibc(libc, (name, native) => {
    if (name !== 'syscall') return native
    return (...args) => call(Number(args[0]), args.map(Number), () => native(...args))
  })
}

/** The same functions, but that a system call fails where `which` says so. */
function failing(errno: number, which: (number: number, args: readonly number[]) => boolean): Libc {
  let failed = false
  const wrapped = around((number, args, native) => {
    failed = which(number, args)
    return failed ? -1 : native()
  })
  return { ...wrapped, errno: () => (failed ? errno : libc.errno()) }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.skipIf(!isHere)('a poller with SQPOLL', () => {
  test('makes a ring with a thread of the kernel', () => {
    const flags: number[] = []
    using poller = sqpoll.open(
      around((number, args, native) => {
        const result = native()
        const view = findMemory((args[2] ?? 0) as Pointer)?.memory.view
        if (number === SETUP) flags.push(view?.getUint32(layouts.io_uring_params.offsets.flags, true) ?? 0)
        return result
      }),
    )
    expect(poller.backend).toBe(sqpoll)
    expect(flags).toHaveLength(1)
    expect((flags[0] ?? 0) & IORING_SETUP.SQPOLL).not.toBe(0)
  })

  test('wakes a thread that sleeps, for a registration and for a wait', async () => {
    const wakings: number[] = []
    const told = around((number, args, native) => {
      if (number === ENTER && ((args[4] ?? 0) & IORING_ENTER.SQ_WAKEUP) !== 0) wakings.push(args[1] ?? 0)
      return native()
    })
    using eventfd = openEventfd(libc)
    using poller = sqpoll.open(told)
    for (let i = 0; i < 3; i++) {
      await pause(ASLEEP_MS)
      wakings.length = 0
      if (i === 0) poller.add(eventfd.fd, Interest.READ, 1)
      expect(i === 0 ? [] : reported(poller)).toEqual([])
      expect(wakings.length).toBeGreaterThan(0)
      write(libc, eventfd.fd)
      expect(reported(poller)).toEqual([[1n, 'READABLE']])
      drain(libc, eventfd.fd)
    }
  })

  test('needs no system call for a registration while its thread is awake', () => {
    let calls = 0
    const counting = around((number, _, native) => {
      if (number === ENTER) calls++
      return native()
    })
    using eventfd = openEventfd(libc)
    using poller = sqpoll.open(counting)
    let without = 0
    const deadline = performance.now() + 20_000
    // The thread may lose its processor to others at any time, and then it is waited for in the kernel.
    while (without < 20 && performance.now() < deadline) {
      calls = 0
      poller.add(eventfd.fd, Interest.READ, 1)
      poller.remove(eventfd.fd)
      if (calls === 0) without++
    }
    expect(without).toBeGreaterThanOrEqual(20)
  }, 30_000)

  test.each([40, 1000])('%i descriptors that become ready are reported by one wait', (count) => {
    using poller = sqpoll.open(libc)
    using eventfd = openEventfd(libc)
    const copies = Array.from({ length: count }, () => duplicate(libc, eventfd.fd, 0))
    for (const [i, { fd }] of copies.entries()) poller.add(fd, Interest.READ, i)
    for (let i = 0; i < 20; i++) {
      write(libc, eventfd.fd)
      expect(reported(poller, { capacity: count })).toHaveLength(count)
      drain(libc, eventfd.fd)
      expect(reported(poller, { capacity: count })).toEqual([])
    }
    for (const copy of copies) copy.close()
  })

  test('a hundred wake-ups for what is gone again hide nothing behind them', () => {
    using poller = sqpoll.open(libc)
    const eventfds = Array.from({ length: 101 }, () => openEventfd(libc))
    for (const [i, { fd }] of eventfds.entries()) poller.add(fd, Interest.READ, i)
    for (let round = 0; round < 20; round++) {
      for (const { fd } of eventfds) write(libc, fd)
      for (const { fd } of eventfds.slice(0, 100)) drain(libc, fd)
      expect(reported(poller, { capacity: 101 })).toEqual([[100n, 'READABLE']])
      drain(libc, eventfds[100]?.fd ?? -1)
    }
    for (const eventfd of eventfds) eventfd.close()
  })

  test('registers also while there are more answers than there is room for', () => {
    using poller = sqpoll.open(libc)
    using eventfd = openEventfd(libc)
    using other = openEventfd(libc)
    const copies = Array.from({ length: 5000 }, () => duplicate(libc, eventfd.fd, 0))
    for (const [i, { fd }] of copies.entries()) poller.add(fd, Interest.READ, i, { trigger: 'edge' })
    write(libc, eventfd.fd)
    const seen = new Set(reported(poller, { capacity: 10 }).map(([token]) => token))
    poller.add(other.fd, Interest.READ, 5000, { trigger: 'edge' })
    write(libc, other.fd)
    for (let i = 0; i < 1000 && seen.size < 5001; i++) {
      for (const [token] of reported(poller, { capacity: 100 })) seen.add(token)
    }
    expect(seen.size).toBe(5001)
    for (const copy of copies) copy.close()
  })

  test('more answers than the ring has room for are all there', () => {
    using poller = sqpoll.open(libc)
    using eventfd = openEventfd(libc)
    const copies = Array.from({ length: 5000 }, () => duplicate(libc, eventfd.fd, 0))
    for (const [i, { fd }] of copies.entries()) poller.add(fd, Interest.READ, i, { trigger: 'edge' })
    write(libc, eventfd.fd)
    const seen = new Set<bigint>()
    // Those that wait in the kernel come with the next waits at the latest.
    for (let i = 0; i < 10 && seen.size < 5000; i++) {
      for (const [token] of reported(poller, { capacity: 5000 })) seen.add(token)
    }
    expect(seen.size).toBe(5000)
    for (const copy of copies) copy.close()
  })

  test('counts the time of its thread as that of the process', async () => {
    using eventfd = openEventfd(libc)
    using poller = sqpoll.open(libc)
    poller.add(eventfd.fd, Interest.READ, 1)
    const busy = async (work: () => unknown): Promise<number> => {
      const before = process.cpuUsage()
      const end = performance.now() + 300
      while (performance.now() < end) {
        work()
        await pause(2)
      }
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    }
    const idleMs = await busy(() => undefined)
    // A request every 2 ms keeps the thread from sleeping, which costs nearly all of the time.
    const busyMs = await busy(() => reported(poller))
    expect(busyMs - idleMs).toBeGreaterThan(60)
  })

  test('says so when its thread is dead, and does not wait for it', async () => {
    let isDead = false
    const dying = failing(EOWNERDEAD, (number) => number === ENTER && isDead)
    using eventfd = openEventfd(libc)
    const poller = sqpoll.open(dying)
    await pause(ASLEEP_MS)
    isDead = true
    try {
      expect(() => poller.add(eventfd.fd, Interest.READ, 1)).toThrow('EOWNERDEAD')
    } finally {
      isDead = false
      poller.close()
    }
  })
})

describe.skipIf(!isHere)('where SQPOLL may not be had, it is said why', () => {
  test('for want of privilege, before Linux 5.13', () => {
    const refusing = failing(errnoNumber('EPERM'), (number) => number === SETUP)
    expect(sqpoll.availability(refusing)).toMatchObject({ available: false, errno: 'EPERM' })
    expect(() => sqpoll.open(refusing)).toThrow('EPERM')
  })

  test('before Linux 5.11, whose thread takes registered descriptors only', () => {
    const old = around((number, args, native) => {
      const result = native()
      const view = number === SETUP ? findMemory((args[2] ?? 0) as Pointer)?.memory.view : undefined
      const at = layouts.io_uring_params.offsets.features
      view?.setUint32(at, view.getUint32(at, true) & ~IORING_FEAT.SQPOLL_NONFIXED, true)
      return result
    })
    const answer = sqpoll.availability(old)
    expect(answer).toEqual({
      available: false,
      reason: 'its kernel thread takes registered descriptors only, before Linux 5.11',
    })
  })
})
