/** The virtual time of a world, and the timers that go by it. */
import { beforeEach, describe, expect, test } from 'vitest'
import { AF, CLOCK, EPOLL, FIONREAD, SOCK, TFD } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { events, given, took, wait, watched } from '../../testing/in-world.ts'
import { createWorld } from './world.ts'
import type { World } from './world.ts'

const libc = openLibc()
const MS = 1e6

let world: World
beforeEach(() => {
  world = createWorld(libc)
})

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
    expect(given(world, world.fn.timerfd_settime(fd, flags, next.address, old.address))).toBe(0)
    const ms = (at: number): number => Number(old.view.getBigInt64(at, true)) / MS
    return { valueMs: ms(offsets.value_nsec), intervalMs: ms(offsets.interval_nsec) }
  }

  const value = new Memory(8)
  function expirations(fd: number): bigint | string {
    const result = given(world, world.fn.read(fd, value.address, 8))
    return typeof result === 'string' ? result : value.view.getBigUint64(0, true)
  }

  function sleep(ms: number): void {
    const time = new Memory(layouts.timespec.size)
    time.view.setBigInt64(layouts.timespec.offsets.tv_nsec, BigInt(ms * MS), true)
    world.fn.nanosleep(time.address, NULL)
  }

  test('passes in waits, at once, and exactly as long as they are told to take', () => {
    const ep = watched(world, world.fn.eventfd(0, 0), EPOLL.IN)
    const start = performance.now()
    expect(took(world, () => expect(wait(world, ep, 3_600_000)).toBe(0))).toBe(3_600_000)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('passes no further than to what is waited for', () => {
    const ep = watched(world, timer(10), EPOLL.IN)
    expect(took(world, () => expect(wait(world, ep, -1)).toBe(1))).toBe(10)
    expect(took(world, () => expect(wait(world, ep, 50)).toBe(1))).toBe(0)
  })

  test('what would take for ever is a deadlock, as nobody is left who could end it', () => {
    const ep = watched(world, world.fn.eventfd(0, 0), EPOLL.IN)
    expect(wait(world, ep, -1)).toBe('EDEADLK')
    expect(given(world, world.fn.read(world.fn.eventfd(0, 0), value.address, 8))).toBe('EDEADLK')
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
      const written = Array.from({ length: 4 }, () => given(world, world.fn.write(b, bytes.address, 100_000)))
      expect(written.at(-1)).toBe('EDEADLK')
      expect(world.fn.ioctl(a, FIONREAD, readable.address)).toBe(0)
      const whole = written.filter((result) => result === 100_000).length
      expect(readable.view.getInt32(0, true)).toBeGreaterThan(whole * 100_000)
    }
  })

  test('a time that never comes is none', () => {
    const ep = watched(world, timer(10, 0), EPOLL.IN)
    const time = new Memory(layouts.timespec.size)
    time.view.setBigInt64(layouts.timespec.offsets.tv_sec, 2n ** 62n, true)
    expect(given(world, world.fn.epoll_pwait2(ep, events.address, 4, time.address, NULL))).toBe(1)
    const idle = watched(world, world.fn.eventfd(0, 0), EPOLL.IN)
    expect(given(world, world.fn.epoll_pwait2(idle, events.address, 4, time.address, NULL))).toBe('EDEADLK')
    const spec = new Memory(layouts.itimerspec.size)
    spec.view.setBigInt64(layouts.itimerspec.offsets.value_sec, 2n ** 62n, true)
    const never = world.fn.timerfd_create(CLOCK.MONOTONIC, 0)
    expect(world.fn.timerfd_settime(never, 0, spec.address, NULL)).toBe(0)
    expect(wait(world, watched(world, never, EPOLL.IN), -1)).toBe('EDEADLK')
    expect(took(world, () => wait(world, idle, 5))).toBe(5)
  })

  test('a read that may wait does so until a timer expires', () => {
    const fd = timer(25)
    world.fn.fcntl(fd, 4, 0)
    expect(took(world, () => expect(expirations(fd)).toBe(1n))).toBe(25)
  })

  test('a periodic timer counts what nobody has read, and tells of the first of them alone', () => {
    const fd = timer(10, 4)
    const ep = watched(world, fd, EPOLL.IN | EPOLL.ET)
    sleep(23)
    expect([wait(world, ep, 0), wait(world, ep, 100)]).toEqual([1, 0])
    // Due at 10, 14, 18 … and asked at 123.
    expect(expirations(fd)).toBe(29n)
    expect(expirations(fd)).toBe('EAGAIN')
    expect(took(world, () => wait(world, ep, 100))).toBe(3)
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
    expect(given(world, world.fn.clock_settime(CLOCK.REALTIME, time.address))).toBe(0)
  }

  /** A timer that is due at a time of day, which is 0 when it is set. */
  function dueAt(ms: number, flags: number, intervalMs = 0): number {
    setTimeOfDay(0)
    return timer(ms, intervalMs, TFD.TIMER_ABSTIME | flags, CLOCK.REALTIME)
  }

  test('a timer that is due at a time of day is due when that is, whoever sets it', () => {
    const fd = dueAt(100, 0, 10)
    const ep = watched(world, fd, EPOLL.IN)
    setTimeOfDay(80)
    expect(took(world, () => expect(wait(world, ep, -1)).toBe(1))).toBe(20)
    expect(expirations(fd)).toBe(1n)
    // The second period is due at 110, and it is 100 again.
    setTimeOfDay(50)
    expect(took(world, () => expect(wait(world, ep, -1)).toBe(1))).toBe(60)
    setTimeOfDay(1000)
    expect(expirations(fd)).toBeGreaterThan(0n)
  })

  test('a clock that wakes the machine is a privilege', () => {
    expect([8, 9, 10].map((clock) => given(world, world.fn.timerfd_create(clock, 0)))).toEqual([
      'EPERM',
      'EPERM',
      'EINVAL',
    ])
    expect(given(world, world.fn.timerfd_create(8, 1))).toBe('EINVAL')
  })

  test('a timer that is due after a time does not care what time of day it is', () => {
    const fd = timer(100, 0, 0, CLOCK.REALTIME)
    setTimeOfDay(1_000_000)
    expect(took(world, () => expect(wait(world, watched(world, fd, EPOLL.IN), -1)).toBe(1))).toBe(100)
  })

  test('a timer that is to be cancelled tells of a setting, once, by ECANCELED, and is due all the same', () => {
    const fd = dueAt(100, TFD.TIMER_CANCEL_ON_SET)
    const ep = watched(world, fd, EPOLL.IN | EPOLL.ET)
    setTimeOfDay(40)
    expect([wait(world, ep, 0), wait(world, ep, 0)]).toEqual([1, 0])
    expect([expirations(fd), expirations(fd)]).toEqual(['ECANCELED', 'EAGAIN'])
    expect(took(world, () => expect(wait(world, ep, -1)).toBe(1))).toBe(60)
    expect(expirations(fd)).toBe(1n)
  })

  test('setting a timer anew tells of it too', () => {
    const fd = dueAt(100, TFD.TIMER_CANCEL_ON_SET)
    setTimeOfDay(10)
    const spec = new Memory(layouts.itimerspec.size)
    spec.view.setBigInt64(layouts.itimerspec.offsets.value_sec, 5n, true)
    const flags = TFD.TIMER_ABSTIME | TFD.TIMER_CANCEL_ON_SET
    expect(given(world, world.fn.timerfd_settime(fd, flags, spec.address, NULL))).toBe('ECANCELED')
    expect(expirations(fd)).toBe('EAGAIN')
    expect(took(world, () => expect(wait(world, watched(world, fd, EPOLL.IN), -1)).toBe(1))).toBe(4990)
  })

  test.each([CLOCK.MONOTONIC, CLOCK.REALTIME])(
    'a time of clock %i that has passed expires at once',
    (clock) => {
      expect(expirations(timer(1, 0, TFD.TIMER_ABSTIME, clock))).toBe(1n)
    },
  )
})
