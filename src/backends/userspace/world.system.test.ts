import { beforeEach, describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../errors.ts'
import {
  AF,
  CLOCK,
  EFD,
  EPOLL,
  EPOLL_CTL,
  F,
  FIONREAD,
  O,
  PROT,
  RLIMIT_NOFILE,
  SOCK,
  TFD,
} from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { Interest, ReadinessBatch } from '../backend.ts'
import { backends } from '../index.ts'
import { createWorld } from './world.ts'
import type { World } from './world.ts'

const libc = openLibc()
const MS = 1e6
const { size: EVENT_SIZE } = layouts.epoll_event

let world: World
beforeEach(() => {
  world = createWorld(libc)
})

/** What a call gave: its result, or its errno. */
const given = (result: number): number | string => (result === -1 ? errnoName(world.errno()) : result)

/** How many virtual milliseconds something takes. */
function took(action: () => void): number {
  const before = world.kernel.clock.nowNs
  action()
  return (world.kernel.clock.nowNs - before) / MS
}

function watched(fd: number, events: number): number {
  const ep = world.fn.epoll_create1(0)
  const event = new Memory(EVENT_SIZE)
  event.view.setUint32(0, events, true)
  expect(world.fn.epoll_ctl(ep, EPOLL_CTL.ADD, fd, event.address)).toBe(0)
  return ep
}

const events = new Memory(4 * EVENT_SIZE)
const wait = (ep: number, timeoutMs: number): number | string =>
  given(world.fn.epoll_wait(ep, events.address, 4, timeoutMs))

describe('time', () => {
  function timer(valueMs: number, intervalMs = 0, flags = 0, clock: number = CLOCK.MONOTONIC): number {
    const fd = world.fn.timerfd_create(clock, TFD.NONBLOCK)
    set(fd, valueMs, intervalMs, flags)
    return fd
  }

  function set(
    fd: number,
    valueMs: number,
    intervalMs = 0,
    flags = 0,
  ): { valueMs: number; intervalMs: number } {
    const { size, offsets } = layouts.itimerspec
    const [next, old] = [new Memory(size), new Memory(size)]
    next.view.setBigInt64(offsets.value_nsec, BigInt(valueMs * MS), true)
    next.view.setBigInt64(offsets.interval_nsec, BigInt(intervalMs * MS), true)
    expect(given(world.fn.timerfd_settime(fd, flags, next.address, old.address))).toBe(0)
    const ms = (at: number): number => Number(old.view.getBigInt64(at, true)) / MS
    return { valueMs: ms(offsets.value_nsec), intervalMs: ms(offsets.interval_nsec) }
  }

  const value = new Memory(8)
  function expirations(fd: number): bigint | string {
    const result = given(world.fn.read(fd, value.address, 8))
    return typeof result === 'string' ? result : value.view.getBigUint64(0, true)
  }

  function sleep(ms: number): void {
    const time = new Memory(layouts.timespec.size)
    time.view.setBigInt64(layouts.timespec.offsets.tv_nsec, BigInt(ms * MS), true)
    world.fn.nanosleep(time.address, NULL)
  }

  test('passes in waits, at once, and exactly as long as they are told to take', () => {
    const ep = watched(world.fn.eventfd(0, 0), EPOLL.IN)
    const start = performance.now()
    expect(took(() => expect(wait(ep, 3_600_000)).toBe(0))).toBe(3_600_000)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('passes no further than to what is waited for', () => {
    const ep = watched(timer(10), EPOLL.IN)
    expect(took(() => expect(wait(ep, -1)).toBe(1))).toBe(10)
    expect(took(() => expect(wait(ep, 50)).toBe(1))).toBe(0)
  })

  test('what would take for ever is a deadlock, as nobody is left who could end it', () => {
    const ep = watched(world.fn.eventfd(0, 0), EPOLL.IN)
    expect(wait(ep, -1)).toBe('EDEADLK')
    expect(given(world.fn.read(world.fn.eventfd(0, 0), value.address, 8))).toBe('EDEADLK')
  })

  test('so is a write that waits for more room than there is, and a part of it is there by then', () => {
    const fds = new Memory(8)
    const bytes = new Memory(100_000)
    const readable = new Memory(4)
    for (const make of [
      () => world.fn.pipe2(fds.address, 0),
      () => world.fn.socketpair(AF.UNIX, SOCK.STREAM, 0, fds.address),
    ]) {
      expect(make()).toBe(0)
      const [a, b] = [fds.view.getInt32(0, true), fds.view.getInt32(4, true)]
      const written = Array.from({ length: 4 }, () => given(world.fn.write(b, bytes.address, 100_000)))
      expect(written.at(-1)).toBe('EDEADLK')
      expect(world.fn.ioctl(a, FIONREAD, readable.address)).toBe(0)
      const whole = written.filter((result) => result === 100_000).length
      expect(readable.view.getInt32(0, true)).toBeGreaterThan(whole * 100_000)
    }
  })

  test('a time that never comes is none', () => {
    const ep = watched(timer(10, 0), EPOLL.IN)
    const time = new Memory(layouts.timespec.size)
    time.view.setBigInt64(layouts.timespec.offsets.tv_sec, 2n ** 62n, true)
    expect(given(world.fn.epoll_pwait2(ep, events.address, 4, time.address, NULL))).toBe(1)
    const idle = watched(world.fn.eventfd(0, 0), EPOLL.IN)
    expect(given(world.fn.epoll_pwait2(idle, events.address, 4, time.address, NULL))).toBe('EDEADLK')
    const spec = new Memory(layouts.itimerspec.size)
    spec.view.setBigInt64(layouts.itimerspec.offsets.value_sec, 2n ** 62n, true)
    const never = world.fn.timerfd_create(CLOCK.MONOTONIC, 0)
    expect(world.fn.timerfd_settime(never, 0, spec.address, NULL)).toBe(0)
    expect(wait(watched(never, EPOLL.IN), -1)).toBe('EDEADLK')
    expect(took(() => wait(idle, 5))).toBe(5)
  })

  test('a read that may wait does so until a timer expires', () => {
    const fd = timer(25)
    world.fn.fcntl(fd, 4, 0)
    expect(took(() => expect(expirations(fd)).toBe(1n))).toBe(25)
  })

  test('a periodic timer counts what nobody has read, and tells of the first of them alone', () => {
    const fd = timer(10, 4)
    const ep = watched(fd, EPOLL.IN | EPOLL.ET)
    sleep(23)
    expect([wait(ep, 0), wait(ep, 100)]).toEqual([1, 0])
    // Due at 10, 14, 18 … and asked at 123.
    expect(expirations(fd)).toBe(29n)
    expect(expirations(fd)).toBe('EAGAIN')
    expect(took(() => wait(ep, 100))).toBe(3)
    expect(expirations(fd)).toBe(1n)
  })

  test('setting a timer forgets what has expired, and says what was left', () => {
    const fd = timer(10, 4)
    sleep(11)
    expect(set(fd, 7)).toEqual({ valueMs: 3, intervalMs: 4 })
    expect(expirations(fd)).toBe('EAGAIN')
    sleep(5)
    expect(set(fd, 0)).toEqual({ valueMs: 2, intervalMs: 0 })
    sleep(100)
    expect(expirations(fd)).toBe('EAGAIN')
  })

  function setTimeOfDay(ms: number): void {
    const time = new Memory(layouts.timespec.size)
    time.view.setBigInt64(layouts.timespec.offsets.tv_sec, BigInt(Math.floor(ms / 1000)), true)
    time.view.setBigInt64(layouts.timespec.offsets.tv_nsec, BigInt((ms % 1000) * MS), true)
    expect(given(world.fn.clock_settime(CLOCK.REALTIME, time.address))).toBe(0)
  }

  /** A timer that is due at a time of day, which is 0 when it is set. */
  function dueAt(ms: number, flags: number, intervalMs = 0): number {
    setTimeOfDay(0)
    return timer(ms, intervalMs, TFD.TIMER_ABSTIME | flags, CLOCK.REALTIME)
  }

  test('a timer that is due at a time of day is due when that is, whoever sets it', () => {
    const fd = dueAt(100, 0, 10)
    const ep = watched(fd, EPOLL.IN)
    setTimeOfDay(80)
    expect(took(() => expect(wait(ep, -1)).toBe(1))).toBe(20)
    expect(expirations(fd)).toBe(1n)
    // The second period is due at 110, and it is 100 again.
    setTimeOfDay(50)
    expect(took(() => expect(wait(ep, -1)).toBe(1))).toBe(60)
    setTimeOfDay(1000)
    expect(expirations(fd)).toBeGreaterThan(0n)
  })

  test('a clock that wakes the machine is a privilege', () => {
    expect([8, 9, 10].map((clock) => given(world.fn.timerfd_create(clock, 0)))).toEqual([
      'EPERM',
      'EPERM',
      'EINVAL',
    ])
    expect(given(world.fn.timerfd_create(8, 1))).toBe('EINVAL')
  })

  test('a timer that is due after a time does not care what time of day it is', () => {
    const fd = timer(100, 0, 0, CLOCK.REALTIME)
    setTimeOfDay(1_000_000)
    expect(took(() => expect(wait(watched(fd, EPOLL.IN), -1)).toBe(1))).toBe(100)
  })

  test('a timer that is to be cancelled tells of a setting, once, by ECANCELED, and is due all the same', () => {
    const fd = dueAt(100, TFD.TIMER_CANCEL_ON_SET)
    const ep = watched(fd, EPOLL.IN | EPOLL.ET)
    setTimeOfDay(40)
    expect([wait(ep, 0), wait(ep, 0)]).toEqual([1, 0])
    expect([expirations(fd), expirations(fd)]).toEqual(['ECANCELED', 'EAGAIN'])
    expect(took(() => expect(wait(ep, -1)).toBe(1))).toBe(60)
    expect(expirations(fd)).toBe(1n)
  })

  test('setting a timer anew tells of it too', () => {
    const fd = dueAt(100, TFD.TIMER_CANCEL_ON_SET)
    setTimeOfDay(10)
    const spec = new Memory(layouts.itimerspec.size)
    spec.view.setBigInt64(layouts.itimerspec.offsets.value_sec, 5n, true)
    const flags = TFD.TIMER_ABSTIME | TFD.TIMER_CANCEL_ON_SET
    expect(given(world.fn.timerfd_settime(fd, flags, spec.address, NULL))).toBe('ECANCELED')
    expect(expirations(fd)).toBe('EAGAIN')
    expect(took(() => expect(wait(watched(fd, EPOLL.IN), -1)).toBe(1))).toBe(4990)
  })

  test.each([CLOCK.MONOTONIC, CLOCK.REALTIME])(
    'a time of clock %i that has passed expires at once',
    (clock) => {
      expect(expirations(timer(1, 0, TFD.TIMER_ABSTIME, clock))).toBe(1n)
    },
  )
})

describe('memory', () => {
  test('that is nobody’s is EFAULT, and only when it is needed', () => {
    const fd = world.fn.eventfd(0, EFD.NONBLOCK)
    const ep = watched(fd, EPOLL.IN)
    const nowhere = 16 as Pointer
    expect(given(world.fn.epoll_wait(ep, nowhere, 4, 0))).toBe(0)
    const one = new Memory(8)
    one.view.setBigUint64(0, 1n, true)
    world.fn.write(fd, one.address, 8)
    expect(given(world.fn.epoll_wait(ep, nowhere, 4, 0))).toBe('EFAULT')
    expect(wait(ep, 0)).toBe(1)
    expect(given(world.fn.pipe2(nowhere, 0))).toBe('EFAULT')
  })

  test('is what mmap and mprotect say', () => {
    const page = world.fn.mmap(NULL, 2 * 4096, PROT.READ | PROT.WRITE, 0x22, -1, 0)
    const fd = world.fn.eventfd(5, EFD.NONBLOCK)
    expect(given(world.fn.read(fd, page, 8))).toBe(8)
    expect(world.fn.mprotect(page, 4096, PROT.READ)).toBe(0)
    expect(given(world.fn.write(fd, page, 8))).toBe(8)
    expect(given(world.fn.read(fd, page, 8))).toBe('EFAULT')
    expect(world.fn.munmap(page, 2 * 4096)).toBe(0)
    expect(given(world.fn.write(fd, page, 8))).toBe('EFAULT')
  })
})

describe('descriptors', () => {
  test('get the lowest free number, and are gone when they are closed', () => {
    const fds = [0, 1, 2].map(() => world.fn.eventfd(0, 0))
    expect(fds).toEqual([3, 4, 5])
    world.fn.close(4)
    expect(world.fn.dup(5)).toBe(4)
    expect(given(world.fn.close(9))).toBe('EBADF')
    expect(world.kernel.openNumbers).toEqual([3, 4, 5])
  })

  test('are as many as RLIMIT_NOFILE says, and a pair gets both or none', () => {
    const { size, offsets } = layouts.rlimit
    const limit = new Memory(size)
    limit.view.setBigUint64(offsets.soft, 5n, true)
    limit.view.setBigUint64(offsets.hard, 100n, true)
    expect(world.fn.setrlimit(RLIMIT_NOFILE, limit.address)).toBe(0)
    expect(world.fn.eventfd(0, 0)).toBe(3)
    expect(given(world.fn.pipe2(limit.address, 0))).toBe('EMFILE')
    expect(world.kernel.openNumbers).toEqual([3])
    expect(world.fn.dup(3)).toBe(4)
    expect([given(world.fn.dup(3)), given(world.fn.dup2(3, 5))]).toEqual(['EMFILE', 'EBADF'])
    expect([-1, 5].map((least) => given(world.fn.fcntl(3, F.DUPFD_CLOEXEC, least)))).toEqual([
      'EINVAL',
      'EINVAL',
    ])
    expect(given(world.fn.setrlimit(RLIMIT_NOFILE, new Memory(8).address))).toBe('EFAULT')
  })

  test('tell what an instance watches, and what it has counted', () => {
    const fd = world.fn.eventfd(1, EFD.NONBLOCK)
    const ep = watched(fd, EPOLL.IN)
    expect(wait(ep, 0)).toBe(1)
    world.fn.close(fd)
    expect(wait(ep, 0)).toBe(0)
    expect(world.fdinfo(ep)).toMatchInlineSnapshot(`
      "pos:	0
      flags:	02
      enqueue-attempts:	1
      dedupe-hits:	0
      stale-generation-drops:	1
      empty-dequeues:	0
      retracted:	0
      requeues:	1
      repairs:	0
      delivered:	1
      "
    `)
    expect(world.fdinfo(watched(world.fn.eventfd(0, 0), EPOLL.IN | EPOLL.ET))).toContain(
      'tfd:        3 events: 80000019 data:                0',
    )
    expect(world.fdinfo(99)).toBeUndefined()
  })

  test('are of one world: another one has its own', () => {
    world.fn.eventfd(0, 0)
    expect(createWorld(libc).kernel.openNumbers).toEqual([])
  })

  test('a call that there is not says so', () => {
    expect(world.has('kqueue')).toBe(false)
    expect(() => world.fn.socket(1, 1, 0)).toThrow(UnsupportedError)
  })
})

describe('the backend', () => {
  test('refuses to watch descriptors of the machine', () => {
    expect(() => backends.userspace.open(libc)).toThrow('a world of its own')
  })

  test('has a Poller that is woken, and that waits in virtual time', () => {
    using poller = backends.userspace.open(world)
    const batch = new ReadinessBatch(4)
    poller.add(world.fn.eventfd(1, O.NONBLOCK), Interest.READ, 2n ** 64n - 1n)
    poller.wake()
    expect(poller.wait(batch, null)).toBe(2)
    expect([batch.token(0), batch.token(1)]).toEqual([2n ** 64n - 1n, 0n])
  })
})
