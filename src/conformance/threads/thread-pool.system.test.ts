import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../errors.ts'
import { O } from '../../libc/constants/linux.ts'
import { OwnedFd } from '../../libc/fd.ts'
import { openLibc, sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { UNTIL_STOPPED } from './job.ts'
import type { Job } from './job.ts'
import { ThreadPool } from './thread-pool.ts'
import type { WaiterThread } from './thread-pool.ts'

const libc = openLibc()
const LONG_MS = 10_000

/** A job of one call that returns after so many milliseconds. */
const sleep = (ms: number, rounds = 1): Job => ({ calls: [{ fn: 'poll', args: [NULL, 0, ms] }], rounds })

describe('a waiter thread', () => {
  let pool: ThreadPool
  let thread: WaiterThread

  // Threads end on their own time, and have descriptors, so one pool lives as long as the tests.
  beforeAll(() => {
    pool = new ThreadPool(libc.plan, 2)
    thread = pool.acquire()
  })

  afterAll(() => pool.exit())

  it('makes the call that it is given and says what it returned', () => {
    thread.post({ calls: [{ fn: 'getpagesize', args: [] }], rounds: 1 })
    expect(thread.join(LONG_MS)).toMatchObject({
      rounds: 1,
      call: 0,
      result: libc.fn.getpagesize(),
      errno: 0,
      rejected: false,
      succeeded: [1],
    })
  })

  it('has an errno of its own', () => {
    thread.post({ calls: [{ fn: 'close', args: [-1] }], rounds: 1 })
    expect(thread.join(LONG_MS)).toMatchObject({ result: -1, errno: 9, succeeded: [0] })
  })

  it('measures how long its call takes', () => {
    thread.post(sleep(20))
    expect(thread.join(LONG_MS)?.elapsedNs).toBeGreaterThanOrEqual(20_000_000)
  })

  it('repeats its calls for as many rounds as it is told', () => {
    const call = { fn: 'getpagesize', args: [] } as const
    thread.post({ calls: [call, call], rounds: 50 })
    expect(thread.join(LONG_MS)).toMatchObject({ rounds: 50, call: 1, succeeded: [50, 50] })
  })

  it('ends at the first result that is not accepted; an errno is a negative number', () => {
    const refused = { fn: 'close', args: [-1], accept: [0] } as const
    thread.post({ calls: [{ fn: 'getpagesize', args: [] }, refused], rounds: 50 })
    expect(thread.join(LONG_MS)).toMatchObject({
      rounds: 1,
      call: 1,
      errno: 9,
      rejected: true,
      succeeded: [1, 0],
    })
    thread.post({ calls: [{ ...refused, accept: [-9] }], rounds: 3 })
    expect(thread.join(LONG_MS)).toMatchObject({ rounds: 3, rejected: false })
  })

  it('stops after the round that is running when it is told to', () => {
    thread.post(sleep(1, 1_000_000))
    thread.stop()
    expect(thread.join(LONG_MS)?.rounds).toBeLessThan(1_000_000)
    thread.post({ calls: [{ fn: 'getpagesize', args: [] }], rounds: 2 })
    expect(thread.join(LONG_MS)?.rounds).toBe(2)
  })

  it('is seen to be blocked when it sleeps in its call, and not when the call has returned', () => {
    const fds = new Memory(8)
    sys(libc, 'pipe2', fds.address, O.CLOEXEC)
    using reader = new OwnedFd(libc, fds.view.getInt32(0, true))
    using writer = new OwnedFd(libc, fds.view.getInt32(4, true))
    const byte = new Memory(1, { shared: true })
    thread.post({ calls: [{ fn: 'read', args: [reader.fd, byte.address, 1] }], rounds: 1 })
    expect(thread.waitUntilBlocked()).toBe(true)
    expect(thread.isDone).toBe(false)
    sys(libc, 'write', writer.fd, byte.address, 1)
    expect(thread.join(LONG_MS)?.result).toBe(1)

    thread.post(sleep(0))
    expect(thread.waitUntilBlocked()).toBe(false)
    expect(thread.join(LONG_MS)?.result).toBe(0)
  })

  it('counts as blocked when it has run for a while without coming back', () => {
    thread.post({ calls: [{ fn: 'getppid', args: [] }], rounds: UNTIL_STOPPED })
    expect(thread.waitUntilBlocked()).toBe(true)
    thread.stop()
    expect(thread.join(LONG_MS)).toBeDefined()
  })

  it('can be told by its id, which no other thread has', () => {
    const other = pool.acquire()
    expect(new Set([thread.tid, other.tid, process.pid]).size).toBe(3)
    pool.release(other)
  })

  it('is not waited for longer than allowed', () => {
    thread.post(sleep(300))
    expect(thread.isIdle).toBe(false)
    expect(thread.join(1)).toBeUndefined()
    expect(thread.join(LONG_MS)?.result).toBe(0)
    expect(thread.isIdle).toBe(true)
  })

  it('refuses a function that is missing in this process, before it starts', () => {
    const { poll: _, ...bindings } = libc.plan.bindings
    const poor = new ThreadPool({ ...libc.plan, bindings }, 1)
    const waiter = poor.acquire()
    expect(() => waiter.post(sleep(0))).toThrow(UnsupportedError)
    expect(waiter.isIdle).toBe(true)
    poor.exit()
  })

  it('survives a job that is wrong in itself, and says what is wrong', () => {
    thread.post({ calls: [{ fn: 'strlen', args: ['not an address'] }], rounds: 1 })
    expect(() => thread.join(LONG_MS)).toThrow('a waiter thread failed: ')
    expect(thread.isIdle).toBe(true)
    thread.post({ calls: [{ fn: 'getpagesize', args: [] }], rounds: 1 })
    expect(thread.join(LONG_MS)?.result).toBe(libc.fn.getpagesize())
  })

  it('comes from a pool that has no more than its size, and takes threads back', () => {
    expect(pool.size).toBe(2)
    const other = pool.acquire()
    expect(() => pool.acquire()).toThrow('the pool has no thread that is free')
    pool.release(other)
    expect(pool.acquire()).toBe(other)
    pool.release(other)
  })
})
