/** What epoll_ctl, epoll_wait and others refuse, and in which order they look: in a world as on the kernel. */
import { describe, expect, test } from 'vitest'
import { EFD, EPOLL, EPOLL_CTL, F, O, SHUT } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, openLibc, sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { createWorld } from './world.ts'

const machine = openLibc()
const { size: EVENT_SIZE } = layouts.epoll_event
const { IN, ET, ONESHOT, EXCLUSIVE, RDHUP, WAKEUP, PRI } = EPOLL
const MOST_EVENTS = Math.floor((2 ** 31 - 1) / EVENT_SIZE)

const addresses = { null: NULL, unmapped: 16, 'the last': 2 ** 47 - 4096 - 8, beyond: 2 ** 47 } as const

/** What is done on a Libc: lines of text, by what was done. Whatever it opens is closed. */
type Attempts = (libc: Libc, own: (fd: number) => number) => Map<string, number | string>

function onBoth(attempts: Attempts): {
  ours: Map<string, number | string>
  theirs: Map<string, number | string>
} {
  const [ours, theirs] = [createWorld(machine), machine].map((libc) => {
    const open: number[] = []
    try {
      return attempts(libc, (fd) => {
        open.push(fd)
        return fd
      })
    } finally {
      for (const fd of open) libc.fn.close(fd)
    }
  })
  return { ours: ours ?? new Map(), theirs: theirs ?? new Map() }
}

const given = (libc: Libc, result: number): number | string =>
  result === -1 ? errnoName(libc.errno()) : result

/** Descriptors of every kind that matters to epoll. */
function kinds(libc: Libc, own: (fd: number) => number): Record<string, number> {
  const ep = own(sys(libc, 'epoll_create1', 0))
  const inner = own(sys(libc, 'epoll_create1', 0))
  const [added, exclusive, other] = [0, 1, 2].map(() => own(sys(libc, 'eventfd', 0, EFD.NONBLOCK)))
  const file = own(sys(libc, 'memfd_create', 'evloop', 0))
  const event = new Memory(EVENT_SIZE)
  event.view.setUint32(0, IN, true)
  libc.fn.epoll_ctl(ep, EPOLL_CTL.ADD, added ?? -1, event.address)
  event.view.setUint32(0, (IN | EXCLUSIVE) >>> 0, true)
  libc.fn.epoll_ctl(ep, EPOLL_CTL.ADD, exclusive ?? -1, event.address)
  return { none: -1, ep, inner, added: added ?? -1, exclusive: exclusive ?? -1, other: other ?? -1, file }
}

const masks = [
  IN,
  IN | EXCLUSIVE,
  IN | EXCLUSIVE | ONESHOT,
  EXCLUSIVE | RDHUP,
  EXCLUSIVE | ET | WAKEUP,
  EXCLUSIVE | PRI,
]

test('epoll_ctl: every operation on every kind of descriptor, with every event', () => {
  const { ours, theirs } = onBoth((libc, own) => {
    const all = kinds(libc, own)
    const event = new Memory(EVENT_SIZE)
    const results = new Map<string, number | string>()
    for (const [epName, ep] of Object.entries(all)) {
      for (const [name, fd] of Object.entries(all)) {
        for (const op of [0, EPOLL_CTL.MOD, EPOLL_CTL.ADD, EPOLL_CTL.DEL, 4]) {
          for (const mask of masks) {
            event.view.setUint32(0, mask >>> 0, true)
            const result = given(libc, libc.fn.epoll_ctl(ep, op, fd, event.address))
            results.set(`${epName} ${op} ${name} ${mask >>> 0}`, result)
          }
          const bad = given(libc, libc.fn.epoll_ctl(ep, op, fd, addresses.unmapped as Pointer))
          results.set(`${epName} ${op} ${name} unmapped`, bad)
          results.set(`${epName} ${op} ${name} null`, given(libc, libc.fn.epoll_ctl(ep, op, fd, NULL)))
        }
      }
    }
    return results
  })
  expect(ours).toEqual(theirs)
  expect(new Set(ours.values())).toEqual(
    new Set([0, 'EBADF', 'EEXIST', 'EFAULT', 'EINVAL', 'ENOENT', 'EPERM']),
  )
})

test('epoll_wait: every kind of descriptor, number of events and address', () => {
  const { ours, theirs } = onBoth((libc, own) => {
    const all = kinds(libc, own)
    const events = new Memory(8 * EVENT_SIZE)
    const results = new Map<string, number | string>()
    const one = new Memory(8)
    one.view.setBigUint64(0, 1n, true)
    libc.fn.write(all['added'] ?? -1, one.address, 8)
    for (const [name, fd] of Object.entries(all)) {
      for (const max of [-(2 ** 31), -1, 0, 1, 8, MOST_EVENTS, MOST_EVENTS + 1]) {
        for (const [where, address] of Object.entries({ ...addresses, good: events.address })) {
          const result = libc.fn.epoll_wait(fd, address as Pointer, max, 0)
          results.set(`${name} ${max} ${where}`, given(libc, result))
        }
      }
    }
    return results
  })
  expect(ours).toEqual(theirs)
  expect(ours.size).toBeGreaterThan(200)
})

describe('other calls', () => {
  test('select takes more than a million microseconds, and nothing below zero', () => {
    const { ours, theirs } = onBoth((libc, own) => {
      const fd = own(sys(libc, 'eventfd', 1, EFD.NONBLOCK))
      const [set, time] = [new Memory(128), new Memory(layouts.timeval.size)]
      const results = new Map<string, number | string>()
      for (const [seconds, microseconds] of [
        [0n, 1_500_000n],
        [1n, 0n],
        [0n, -1n],
        [-1n, 0n],
        [-1n, 2_000_000n],
        [0n, 0n],
      ] as const) {
        set.bytes.fill(0)
        set.bytes[fd >> 3] = 1 << (fd & 7)
        time.view.setBigInt64(0, seconds, true)
        time.view.setBigInt64(8, microseconds, true)
        const result = libc.fn.select(fd + 1, set.address, NULL, NULL, time.address)
        results.set(`${seconds} s ${microseconds} us`, given(libc, result))
      }
      return results
    })
    expect(ours).toEqual(theirs)
  })

  test('timers, copies, ranges and half-closes', () => {
    const { ours, theirs } = onBoth((libc, own) => {
      const { fn } = libc
      const results = new Map<string, number | string>()
      const note = (what: string, result: number): void => void results.set(what, given(libc, result))
      const fd = own(sys(libc, 'eventfd', 1, EFD.NONBLOCK))
      note('dup3 to itself', fn.dup3(fd, fd, 0))
      note('dup3 with a flag', fn.dup3(fd, 900, O.NONBLOCK))
      note('dup2 of none', fn.dup2(-1, -1))
      note('dup2 to none', fn.dup2(fd, -1))
      note('dup to below zero', fn.fcntl(fd, F.DUPFD_CLOEXEC, -1))
      note('dup to too far', fn.fcntl(fd, F.DUPFD_CLOEXEC, 2 ** 30))
      note('pipe size of a counter', fn.fcntl(fd, F.GETPIPE_SZ, 0))
      note('close a range backwards', fn.close_range(9, 3, 0))
      note('close a range with a flag', fn.close_range(3000, 4000, 1 << 5))
      const copy = own(fn.fcntl(fd, F.DUPFD_CLOEXEC, 700))
      fn.fcntl(copy, F.SETFD, 0)
      note('a range for exec', fn.close_range(copy, copy, 4))
      note('is for exec', fn.fcntl(copy, F.GETFD, 0))
      note('poll of too many', fn.poll(NULL, 2 ** 30, 0))
      note('shutdown of no socket', fn.shutdown(fd, SHUT.RD))
      const sockets = new Memory(8)
      fn.socketpair(1, 1, 0, sockets.address)
      const [a, b] = [own(sockets.view.getInt32(0, true)), own(sockets.view.getInt32(4, true))]
      note('shutdown of no way', fn.shutdown(a, 3))
      note('shutdown', fn.shutdown(a, SHUT.WR))
      note('and again', fn.shutdown(a, SHUT.WR))
      note('eof', fn.read(b, sockets.address, 8))
      note('the other way', fn.write(b, sockets.address, 8))
      note('is open', fn.read(a, sockets.address, 8))
      return results
    })
    expect(ours).toEqual(theirs)
  })

  test('a FIFO that nobody has the other end of cannot be opened without waiting', () => {
    const world = createWorld(machine)
    expect(world.fn.mkfifo('/fifo', 0o600)).toBe(0)
    for (const mode of [O.RDONLY, O.WRONLY])
      expect(given(world, world.fn.open('/fifo', mode, 0))).toBe('EDEADLK')
    expect(given(world, world.fn.open('/fifo', O.WRONLY | O.NONBLOCK, 0))).toBe('ENXIO')
    const reader = world.fn.open('/fifo', O.RDONLY | O.NONBLOCK, 0)
    expect(world.fn.open('/fifo', O.WRONLY, 0)).toBe(reader + 1)
    expect(world.fn.open('/fifo', O.RDONLY, 0)).toBe(reader + 2)
  })
})
