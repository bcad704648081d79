import { afterEach, describe, expect, test } from 'vitest'
import { RingError, SystemError } from '../errors.ts'
import {
  IORING_CQE_F_MORE,
  IORING_FEAT,
  IORING_OP,
  IORING_POLL,
  IORING_SETUP,
  IORING_SQ,
} from './constants/io-uring.ts'
import { POLL } from './constants/linux.ts'
import { openEventfd } from './fd.ts'
import { errnoName, openLibc } from './libc.ts'
import { layouts } from './layouts.ts'
import { Memory } from './memory.ts'
import { Ring } from './ring.ts'
import type { RingOptions } from './ring.ts'
import { RingMemory } from './ring-memory.ts'

const libc = openLibc()

/** Why there are no rings here, or undefined. */
const absence = ((): string | undefined => {
  try {
    new Ring(libc, 1).close()
    return undefined
  } catch (error) {
    return String(error)
  }
})()
if (absence !== undefined) process.stderr.write(`skipped: ${absence}\n`)

const rings: Ring[] = []
afterEach(() => rings.splice(0).forEach((ring) => ring.close()))

function open(entries: number, options: RingOptions = {}): Ring {
  const ring = new Ring(libc, entries, options)
  rings.push(ring)
  return ring
}

/** Undefined where the kernel does not know a flag. */
function openUnlessUnknown(entries: number, options: RingOptions): Ring | undefined {
  try {
    return open(entries, options)
  } catch (error) {
    if (error instanceof SystemError && error.code === 'EINVAL') return undefined
    throw error
  }
}

const poll = (fd: number, user_data: number) => ({
  opcode: IORING_OP.POLL_ADD,
  fd,
  op_flags: POLL.IN,
  user_data,
})

function signal(fd: number): void {
  const word = new Memory(8)
  word.view.setBigUint64(0, 1n, true)
  libc.fn.write(fd, word.address, 8)
}

describe.skipIf(absence !== undefined)('a ring', () => {
  test('takes so many requests at once as it has entries, and no more', () => {
    const ring = open(4)
    for (let i = 0; i < 4; i++) ring.push({ opcode: IORING_OP.NOP, user_data: i })
    expect(() => ring.push({ opcode: IORING_OP.NOP })).toThrow('the ring has room for 4 requests at once')
    expect(ring.waiting).toBe(4)
    expect(ring.enter(4)).toBe(4)
    expect([ring.waiting, ring.count()]).toEqual([0, 4])
    expect([0, 1, 2, 3].map(() => ring.take()?.userData)).toEqual([0, 1, 2, 3])
    expect(ring.take()).toBeUndefined()
  })

  test('works after its counters have gone round many times', () => {
    const ring = open(2)
    for (let i = 0; i < 100; i++) {
      ring.submit({ opcode: IORING_OP.NOP, user_data: 2 ** 40 + i }, 1)
      expect(ring.take()).toEqual({ userData: 2 ** 40 + i, result: 0, flags: 0 })
    }
  })

  test('waits no longer than it is told to, and says why it did not go on', () => {
    const ring = open(2)
    const start = process.hrtime.bigint()
    expect(ring.enter(1, 2_000_000)).toBe(-1)
    expect(errnoName(libc.errno())).toBe('ETIME')
    expect(Number(process.hrtime.bigint() - start)).toBeGreaterThanOrEqual(2_000_000)
  })

  test('that runs over keeps what it has no room for, says so, and gives it later', () => {
    const ring = open(1)
    expect(ring.features & IORING_FEAT.NODROP).toBe(IORING_FEAT.NODROP)
    expect(ring.cqEntries).toBe(2)
    for (let i = 0; i < 5; i++) ring.submit({ opcode: IORING_OP.NOP, user_data: i }, 0)
    expect(ring.state & IORING_SQ.CQ_OVERFLOW).toBe(IORING_SQ.CQ_OVERFLOW)
    const seen: (number | undefined)[] = []
    while (seen.length < 5) {
      while (ring.count() > 0) seen.push(ring.take()?.userData)
      ring.enter(0)
    }
    expect(seen).toEqual([0, 1, 2, 3, 4])
    expect([ring.state & IORING_SQ.CQ_OVERFLOW, ring.overflow]).toEqual([0, 0])
  })

  test('a poll that is to stay says so with every completion', () => {
    const ring = open(2)
    using source = openEventfd(libc)
    ring.submit({ ...poll(source.fd, 1), len: IORING_POLL.ADD_MULTI }, 0)
    for (let i = 0; i < 3; i++) {
      signal(source.fd)
      ring.enter(1)
      expect(ring.take()).toMatchObject({ result: POLL.IN, flags: IORING_CQE_F_MORE })
    }
  })

  test.for<[string, RingOptions]>([
    ['no flags', {}],
    ['a size for completions', { flags: IORING_SETUP.CQSIZE | IORING_SETUP.CLAMP, cqEntries: 64 }],
    ['no array of places', { flags: IORING_SETUP.NO_SQARRAY }],
    [
      'work that is deferred',
      { flags: IORING_SETUP.SINGLE_ISSUER | IORING_SETUP.DEFER_TASKRUN | IORING_SETUP.TASKRUN_FLAG },
    ],
    ['a thread of the kernel', { flags: IORING_SETUP.SQPOLL, sqThreadIdleMs: 1 }],
  ])('with %s does what it is told', ([, options], { skip }) => {
    const ring = openUnlessUnknown(2, options)
    // An older kernel does not know the flag.
    if (ring === undefined) return skip('this kernel does not have the flag')
    using source = openEventfd(libc)
    ring.submit(poll(source.fd, 5), 0)
    signal(source.fd)
    for (let i = 0; ring.count() === 0 && i < 1000; i++) ring.enter(1, 10_000_000)
    expect(ring.take()).toEqual({ userData: 5, result: POLL.IN, flags: 0 })
    expect(ring.cqEntries).toBe(options.cqEntries ?? 4)
  })

  test('refuses what the kernel refuses, and leaves nothing open', () => {
    expect(() => new Ring(libc, 0)).toThrow('io_uring_setup: EINVAL')
    expect(() => new Ring(libc, 2 ** 30)).toThrow('io_uring_setup: EINVAL')
    expect(() => new Ring(libc, 1, { flags: 1 << 30 })).toThrow('io_uring_setup: EINVAL')
  })

  test('is refused where what the kernel says of it cannot be', () => {
    const { size, offsets } = layouts.io_uring_params
    const params = new Memory(size)
    const number = libc.fn.syscall(425, 4, params.address, 0, 0, 0, 0)
    params.view.setUint32(offsets.cq_tail, 5, true)
    expect(() => new RingMemory(libc, number, params.view)).toThrow(RingError)
    libc.fn.close(number)
  })
})
