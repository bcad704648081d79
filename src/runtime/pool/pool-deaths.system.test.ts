/** What a pool does when its threads end, one of them by itself, or all of them with it. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { setEnvironmentData } from 'node:worker_threads'
import { describe, expect, it, vi } from 'vitest'
import { tallyOf } from '../../../bench/pool/tally.ts'
import { backends } from '../../backends/index.ts'
import { PoolError, UnsupportedError, UsageError } from '../../errors.ts'
import { openLibc } from '../../libc/libc.ts'
import { packageRoot } from '../../package-root.ts'
import { testedBackends, testedLibc as libc } from '../../testing/backends.ts'
import { Pool } from './pool.ts'

const jobs = new URL('../../../fixtures/pool/jobs.mjs', import.meta.url)
const wordsOf = (): Int32Array => new Int32Array(new SharedArrayBuffer(64))
const until = async (words: Int32Array, word: number, value: number): Promise<void> => {
  await vi.waitFor(() => expect(Atomics.load(words, word)).toBe(value), { timeout: 20_000 })
}
const errorOf = async (result: Promise<unknown>): Promise<unknown> => result.catch((error: unknown) => error)

describe('a thread that dies', () => {
  it.each(['exits', 'uncaught'] as const)(
    '%s: fails the job that ran, once, and is replaced',
    async (name) => {
      await using pool = new Pool(libc, { threads: 1 })
      const words = wordsOf()
      const error = await errorOf(pool.run(jobs, name, [words, 0]))
      expect(error).toMatchObject({
        name: 'PoolError',
        problem: 'worker-died',
        job: `${name} of ${jobs.href}`,
      })
      const reason = name === 'exits' ? 'it exited with code 3' : 'TypeError: nobody catches this'
      expect(String(error)).toContain(`thread 0 has ended while it ran: ${reason}`)
      expect(words[0]).toBe(name === 'exits' ? 1 : 0)
      expect(await pool.run(jobs, 'add', [1, 2])).toBe(3)
      expect(pool.counts).toMatchObject({ threads: 1, died: 1, jobs: 0 })
    },
  )

  it('leaves jobs that it has not started to others, which run them exactly once', async () => {
    await using pool = new Pool(libc, { threads: 2 })
    const words = wordsOf()
    const blocked = [0, 1].map(async () => errorOf(pool.run(jobs, 'block', [words, 0, 1, 0])))
    await until(words, 0, 2)
    // The first of these holds up the thread that takes a share of them.
    const third = errorOf(pool.run(jobs, 'block', [words, 0, 2, 0]))
    const bumps = Array.from({ length: 40 }, async () => pool.run(jobs, 'bump', [words, 3]))
    Atomics.store(words, 1, 1)
    Atomics.notify(words, 1, 1)
    await until(words, 0, 3)
    await Promise.all([pool.kill(0), pool.kill(1)])
    await Promise.all(bumps)
    expect(words[3]).toBe(40)
    expect(new Set((await Promise.all(bumps)).map(Number)).size).toBe(40)
    expect(await third).toMatchObject({
      problem: 'worker-died',
      reason: expect.stringContaining('it was killed'),
    })
    await Promise.all(blocked)
    expect(pool.counts).toMatchObject({ threads: 2, died: 2, jobs: 0 })
  })

  it('has its job run again where that is idempotent, but not for ever', async () => {
    await using pool = new Pool(libc, { threads: 1 })
    const words = wordsOf()
    expect(await pool.run(jobs, 'exitsOnce', [words, 0], { idempotent: true })).toBe('done')
    expect(words[0]).toBe(2)
    const error = await errorOf(pool.run(jobs, 'exits', [words, 1], { idempotent: true }))
    expect([error, words[1]]).toMatchObject([{ problem: 'worker-died' }, 3])
    expect(pool.counts.died).toBe(4)
  })

  it('that cannot even start fails the jobs, and is not replaced for ever', async () => {
    await using pool = new Pool(openLibc(), { threads: 2, backend: backends.kqueue })
    for (let i = 0; i < 2; i++) {
      expect(await errorOf(pool.run(jobs, 'add', [1, 2]))).toMatchObject({
        problem: 'cannot-start',
        reason: expect.stringContaining('no thread starts: '),
      })
    }
    expect(pool.counts).toMatchObject({ threads: 0, jobs: 0 })
  })

  // That no descriptor is left is seen by every system test.
  it.each(testedBackends)('over %s leaves nothing of its poller', async (_, backend) => {
    await using pool = new Pool(libc, { threads: 1, backend })
    for (let i = 0; i < 3; i++) {
      expect(await pool.run(jobs, 'sleeps', [1])).toBe(1)
      await vi.waitFor(() => expect(pool.counts.idle).toBe(1))
      await pool.kill(0)
    }
    expect(pool.counts).toMatchObject({ threads: 1, died: 3 })
  })

  it('that is killed while it starts, or loads a module, leaves nothing', async () => {
    await using pool = new Pool(libc, { threads: 1 })
    for (let i = 0; i < 20; i++) {
      const result = errorOf(pool.run(jobs, 'add', [i, 1]))
      await sleep(i * 4)
      await pool.kill(0)
      // It has run in the one or in the other, or was just running.
      const outcome = await result
      const isRight = outcome === i + 1 || (outcome instanceof PoolError && outcome.problem === 'worker-died')
      expect([isRight, outcome]).toEqual([true, outcome])
    }
    expect(pool.counts).toMatchObject({ threads: 1, died: 20, jobs: 0 })
  })

  it('for want of anything to do, while it loads a module, fails the job', async () => {
    await using pool = new Pool(libc, { threads: 1 })
    const error = await errorOf(pool.run(new URL('stuck.mjs', jobs), 'unreachable'))
    expect(error).toMatchObject({
      problem: 'worker-died',
      reason: expect.stringContaining('before it had started'),
    })
    expect(await pool.run(jobs, 'add', [1, 2])).toBe(3)
  })

  // Of 6, not all are looked at at once.
  it.each([1, 2, 4, 6])('at random, of %i, makes no job run twice or unseen', async (threads) => {
    const options = { jobs: 5000, threads, withFaults: true, jobsPerFault: 250, seed: threads }
    const tally = await tallyOf(libc, options)
    expect(tally.problems).toEqual([])
    expect(tally.died).toBeGreaterThan(3)
    expect(tally.lost).toBeGreaterThan(3)
  })
})

describe('closing a pool', () => {
  it('ends jobs that wait, after their finally blocks, refuses all others, and leaves no thread', async () => {
    const before = threadsOfProcess()
    const pool = new Pool(libc, { threads: 2 })
    const words = wordsOf()
    const [ARRIVED, GATE, ENDED, BUMPED] = [0, 1, 2, 3]
    const waits = errorOf(pool.run(jobs, 'waitsForEver', [words, ARRIVED, ENDED]))
    const busy = [0, 1].map(async () => pool.run(jobs, 'block', [words, ARRIVED, GATE, 'done']))
    await until(words, ARRIVED, 3)
    const queued = errorOf(pool.run(jobs, 'bump', [words, BUMPED]))
    const closed = pool.close()
    Atomics.store(words, GATE, 1)
    Atomics.notify(words, GATE)
    await closed
    expect(await Promise.all(busy)).toEqual(['done', 'done'])
    expect(await Promise.all([waits, queued])).toMatchObject([{ problem: 'closed' }, { problem: 'closed' }])
    expect(await errorOf(pool.run(jobs, 'add', [1, 2]))).toMatchObject({ problem: 'closed' })
    expect([words[ENDED], words[BUMPED]]).toEqual([1, 0])
    expect(pool.counts).toMatchObject({ threads: 0, jobs: 0, died: 0 })
    await pool.close()
    await vi.waitFor(() => expect(threadsOfProcess()).toBe(before))
  })

  it.each(testedBackends)('wakes all that sleep in %s, and has them leave', async (_, backend) => {
    const before = threadsOfProcess()
    const pool = new Pool(libc, { threads: 6, backend })
    const words = wordsOf()
    const busy = Array.from({ length: 6 }, async (__, i) => pool.run(jobs, 'block', [words, 0, 1, i]))
    await until(words, 0, 6)
    Atomics.store(words, 1, 1)
    Atomics.notify(words, 1)
    expect(await Promise.all(busy)).toEqual([0, 1, 2, 3, 4, 5])
    await vi.waitFor(() => expect(pool.counts).toMatchObject({ threads: 6, idle: 6 }))
    await pool.close()
    expect(pool.counts).toMatchObject({ threads: 0, idle: 0 })
    await vi.waitFor(() => expect(threadsOfProcess()).toBeLessThanOrEqual(before), { timeout: 20_000 })
  })

  it('is not held up by a module that never comes to its end, nor by what one has left open', async () => {
    const words = wordsOf()
    setEnvironmentData('words', words)
    const pool = new Pool(libc, { threads: 2 })
    expect(await pool.run(new URL('stays.mjs', jobs), 'one')).toBe(1)
    const result = errorOf(pool.run(new URL('never-loads.mjs', jobs), 'unreachable'))
    await until(words, 0, 1)
    await pool.close()
    expect(await result).toMatchObject({ problem: 'closed' })
  })

  it('takes one listener of the process for all pools, and gives it back', async () => {
    const before = process.listenerCount('exit')
    const pools = Array.from({ length: 3 }, () => new Pool(libc, { threads: 1 }))
    expect(process.listenerCount('exit')).toBe(before + 1)
    await Promise.all(pools.map(async (pool) => pool.close()))
    expect(process.listenerCount('exit')).toBe(before)
  })

  it('is possible before anything has started, and while threads start', async () => {
    await new Pool(libc, { threads: 2 }).close()
    const pool = new Pool(libc, { threads: 2 })
    const result = errorOf(pool.run(jobs, 'add', [1, 2]))
    await pool.close()
    expect(await result).toMatchObject({ problem: 'closed' })
  })

  it('is done by the end of the process, whose threads sleep in the kernel', async () => {
    const { code, stdout } = await runProgram(`
      process.stdout.write(String(await pool.run(jobs, 'add', [1, 2])))
      setTimeout(() => process.exit(5), 50)`)
    expect([code, stdout]).toEqual([5, '3'])
  })

  // Each of these would be, now and then, an abort of the process: hence a process of its own.
  it.each([
    ['a kill', 1, 'for (let i = 0; i < 20; i++) await start(i), await pool.kill(0)\nawait pool.close()', 0],
    ['the end of the process', 4, 'for (let i = 0; i < 4; i++) await start(1)\nprocess.exit(5)', 5],
    [
      'the end of the process, while it starts,',
      4,
      'for (let i = 0; i < 4; i++) void pool.run(jobs, "add", [1, 2])\nsetTimeout(() => process.exit(5), 20)',
      5,
    ],
  ])('and %s comes between two native calls', async (_, threads, program, expected) => {
    const { code, stderr } = await runProgram(
      `
      const start = async (ms) => {
        const words = new Int32Array(new SharedArrayBuffer(4))
        pool.run(calls, 'callForEver', [words]).catch((error) => error)
        while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        await new Promise((resolve) => setTimeout(resolve, ms))
      }
      ${program}`,
      threads,
    )
    expect([code, stderr]).toEqual([expected, ''])
  })
})

describe('making a pool', () => {
  it('refuses a number of threads that cannot be, and backends that threads cannot have', async () => {
    for (const threads of [0, -1, 1.5, 65, NaN]) expect(() => new Pool(libc, { threads })).toThrow(RangeError)
    const { epoll, userspace } = backends
    expect(() => new Pool(libc, { backend: { ...epoll } })).toThrow(UsageError)
    expect(() => new Pool(libc, { backend: userspace })).toThrow(UnsupportedError)
    await using pool = new Pool(libc, { threads: 2 })
    await expect(pool.kill(2)).rejects.toThrow(RangeError)
    await pool.kill(1)
    expect(pool.counts).toMatchObject({ threads: 0, died: 0 })
  })
})

/** Runs a program in a process of its own, with a `pool` and its `jobs`. */
async function runProgram(
  program: string,
  threads = 1,
): Promise<{ code: number | string | null; stdout: string; stderr: string }> {
  const text = `
    const { openLibc, Pool } = await import(${JSON.stringify(join(packageRoot(), 'dist/src/index.js'))})
    const jobs = ${JSON.stringify(jobs.href)}
    const calls = ${JSON.stringify(new URL('native-calls.mjs', jobs).href)}
    const pool = new Pool(openLibc(), { threads: ${threads} })
    ${program}`
  const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', text], {
    timeout: 30_000,
  })
  try {
    return { code: 0, ...(await child) }
  } catch (error) {
    const { code, signal, stdout, stderr } = error as Record<'code' | 'signal' | 'stdout' | 'stderr', string>
    return { code: code ?? signal, stdout, stderr }
  }
}

function threadsOfProcess(): number {
  return existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0
}
