import { spawn } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RLIMIT_NOFILE, SIG_BLOCK } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { openLibc } from '../../libc/libc.ts'
import { descriptorLimit, resourceLimit, setDescriptorLimit, setResourceLimit } from '../../libc/limits.ts'
import { Memory } from '../../libc/memory.ts'
import { openDescriptors } from '../../libc/open-descriptors.ts'
import { NULL } from '../../libc/signatures.ts'
import { ThreadPool } from '../threads/thread-pool.ts'
import { childrenOf } from './children.ts'
import { Surroundings } from './surroundings.ts'

const libc = openLibc()
let surroundings: Surroundings
beforeEach(() => {
  surroundings = new Surroundings(libc)
})
afterEach(() => surroundings[Symbol.dispose]())

/** SIGUSR2, which is blocked in this thread for a moment. */
const USR2 = 1n << 11n
const maskOf = (set: bigint): Memory => {
  const mask = new Memory(layouts.sigset.size)
  mask.view.setBigUint64(0, set, true)
  return mask
}
const blockedNow = (): bigint => {
  const mask = maskOf(0n)
  libc.fn.pthread_sigmask(SIG_BLOCK, NULL, mask.address)
  return mask.view.getBigUint64(0, true)
}

describe('what a check leaves', () => {
  it('is nothing, if nothing has happened', () => {
    expect(surroundings.compare()).toEqual([])
    expect(surroundings.openDescriptors).toBe(openDescriptors(libc).size)
  })

  it('is a descriptor, which is told once and stays: something may use it', () => {
    const fd = libc.fn.eventfd(0, 0)
    const told = { expected: 'no descriptor is left open', actual: `left open: ${fd}` }
    expect(surroundings.compare()).toEqual([told])
    expect(surroundings.compare()).toEqual([])
    libc.fn.close(fd)
    expect(surroundings.compare()).toEqual([
      { expected: 'only its own descriptors are closed', actual: `closed: ${fd}` },
    ])
  })

  it('is no descriptor that is closed a moment later, where that is given time', () => {
    const pool = new ThreadPool(libc.plan, 1)
    const moment = new Memory(layouts.timespec.size, { shared: true })
    moment.view.setBigInt64(layouts.timespec.offsets.tv_nsec, 50_000_000n, true)
    const thread = pool.acquire()
    const closeLater = (): number => {
      const fd = libc.fn.eventfd(0, 0)
      thread.post({
        calls: [
          { fn: 'nanosleep', args: [moment.address, NULL] },
          { fn: 'close', args: [fd] },
        ],
        rounds: 1,
      })
      return fd
    }
    closeLater()
    expect(surroundings.compare()).toHaveLength(1)
    thread.join(5000)
    const patient = new Surroundings(libc, { settleMs: 5000 })
    closeLater()
    expect(patient.compare()).toEqual([])
    thread.join(5000)
    patient[Symbol.dispose]()
    pool.exit()
  })

  it('is a descriptor far above all others', () => {
    const fd = libc.fn.dup2(2, 300)
    expect(surroundings.compare()).toMatchObject([{ actual: 'left open: 300' }])
    libc.fn.close(fd)
  })

  it('is a signal that is blocked, which then is as it was', () => {
    const before = blockedNow()
    libc.fn.pthread_sigmask(SIG_BLOCK, maskOf(USR2).address, NULL)
    expect(surroundings.compare()).toEqual([
      { expected: 'the blocked signals are as before', actual: 'blocked now: SIGUSR2' },
    ])
    expect(blockedNow()).toBe(before)
    expect(surroundings.compare()).toEqual([])
  })

  it('is a signal that is caught', () => {
    const handler = (): void => undefined
    process.once('SIGUSR2', handler)
    expect(surroundings.compare()).toEqual([
      { expected: 'the caught signals are as before', actual: 'caught now: SIGUSR2' },
    ])
    process.removeListener('SIGUSR2', handler)
    expect(surroundings.compare()).toEqual([
      { expected: 'the caught signals are as before', actual: 'no longer caught: SIGUSR2' },
    ])
  })

  it('is a limit, which then is as it was', () => {
    const before = descriptorLimit(libc)
    setDescriptorLimit(libc, 200, before.hard)
    expect(surroundings.compare()).toEqual([
      {
        expected: `Max open files: ${before.soft}, at most ${before.hard}`,
        actual: `Max open files: 200, at most ${before.hard}`,
      },
    ])
    expect(resourceLimit(libc, RLIMIT_NOFILE)).toEqual(before)
    expect(surroundings.compare()).toEqual([])
  })

  it('is a limit of any other kind', () => {
    const RLIMIT_CORE = 4
    const before = resourceLimit(libc, RLIMIT_CORE)
    const soft = before.soft === 0 ? Math.min(before.hard, 4096) : 0
    setResourceLimit(libc, RLIMIT_CORE, { soft, hard: before.hard })
    const told = surroundings.compare()
    expect(told.length).toBe(soft === before.soft ? 0 : 1)
    for (const { actual } of told) expect(actual).toContain(`Max core file size: ${soft}, at most`)
    expect(resourceLimit(libc, RLIMIT_CORE)).toEqual(before)
  })

  it('is a process that runs, which then is gone', () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    expect(surroundings.compare()).toEqual([
      { expected: 'no process is left', actual: `left: process ${child.pid}, which is still running` },
    ])
    expect(childrenOf(libc)).toEqual([])
    expect(surroundings.compare()).toEqual([])
  })

  it('is a process that has ended, and that nobody waited for', () => {
    const child = spawn('true', { stdio: 'ignore' })
    const told = (): string => surroundings.compare()[0]?.actual ?? ''
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    expect(told()).toBe(`left: process ${child.pid}, which nobody waited for`)
    expect(childrenOf(libc)).toEqual([])
  })
})

describe('looking at it', () => {
  it('costs far less than a millisecond', () => {
    const costs = Array.from({ length: 200 }, () => {
      const start = performance.now()
      surroundings.compare()
      return performance.now() - start
    })
    expect(costs.toSorted((a, b) => a - b)[20]).toBeLessThan(1)
  })
})
