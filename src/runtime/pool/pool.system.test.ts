/** Jobs of a pool: where they run, what they give, and how they wait. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { PoolError, UsageError } from '../../errors.ts'
import { openSocketpair } from '../../libc/fd.ts'
import { testedLibc as libc } from '../../testing/backends.ts'
import { write } from '../../testing/native.ts'
import { Pool } from './pool.ts'

const jobs = new URL('../../../fixtures/pool/jobs.mjs', import.meta.url)
const wordsOf = (): Int32Array => new Int32Array(new SharedArrayBuffer(64))

let pool: Pool
const open = (threads: number): void => {
  pool = new Pool(libc, { threads })
}
afterEach(async () => pool.close())

const run = async (name: string, ...args: unknown[]): Promise<unknown> => pool.run(jobs, name, args)
const until = async (words: Int32Array, word: number, value: number): Promise<void> => {
  await vi.waitFor(() => expect(Atomics.load(words, word)).toBe(value), { timeout: 20_000 })
}
const openGate = (words: Int32Array, gate: number): void => {
  Atomics.store(words, gate, 1)
  Atomics.notify(words, gate)
}

describe('a job', () => {
  it('gets numbers and anything else that can be cloned, and gives it back', async () => {
    open(2)
    expect(await run('add', 1, 2.5)).toBe(3.5)
    expect(await run('add', 'a', 'b')).toBe('ab')
    expect(await run('nothing')).toBeUndefined()
    for (const value of [NaN, -0, Infinity, null, [undefined], new Map([[1, { a: new Date(5) }]])]) {
      expect(await run('same', value)).toEqual(value)
    }
    expect(await run('same', 1, 2, 3, 4, 5, 6, 7)).toBe(1)
    expect(pool.counts).toMatchObject({ jobs: 0, died: 0 })
  })

  it('gets its arguments as they were when it was given to the pool', async () => {
    open(1)
    const list = [1]
    const result = run('same', list)
    list.push(2)
    expect(await result).toEqual([1])
  })

  it('may be one of more than the pool has room for', async () => {
    open(2)
    const all = Array.from({ length: 10_000 }, async (_, i) => run('add', i, 1))
    expect(await Promise.all(all)).toEqual(all.map((_, i) => i + 1))
  })

  it('rejects with what it has thrown', async () => {
    open(1)
    await expect(run('fails', 'too far')).rejects.toThrow(new RangeError('too far'))
    await expect(run('throwsFunction')).rejects.toThrow('not to be cloned')
    expect(pool.counts).toMatchObject({ threads: 1, died: 0 })
  })

  it.each([
    ['noSuch', [], 'no-function', 'there is no such export'],
    ['noFunction', [], 'no-function', 'it is no function, but number'],
    ['promises', [], 'asynchronous', 'it returned a promise'],
    ['returnsFunction', [], 'not-cloneable', 'its result: DataCloneError'],
    ['same', [() => 1], 'not-cloneable', 'its arguments: DataCloneError'],
  ])('says clearly why it has no result: %s %j', async (name, args, problem, reason) => {
    open(1)
    const error = await run(name, ...args).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ problem, job: `${name} of ${jobs.href}` })
    expect(String(error)).toContain(reason)
    expect(await run('add', 1, 1)).toBe(2)
  })

  it('needs a module that is there, and whose name means the same in every thread', async () => {
    open(1)
    await expect(pool.run('/no/such/module.js', 'x')).rejects.toThrow('the module cannot be loaded')
    expect(() => pool.run('./jobs.mjs', 'x')).toThrow(UsageError)
  })

  it('starts before one that comes later, and keeps its thread', async () => {
    open(1)
    const words = wordsOf()
    const [ARRIVED, GATE] = [0, 1]
    const fiber = run('arrives', words, ARRIVED)
    const later = run('block', words, ARRIVED, GATE, 'later')
    await until(words, ARRIVED, 2)
    openGate(words, GATE)
    expect([await fiber, await later]).toEqual([undefined, 'later'])
  })

  it('may wait as a fiber, for time and descriptors, beside other jobs of the same thread', async () => {
    open(1)
    const [words, [a, b]] = [wordsOf(), openSocketpair(libc)]
    using _a = a
    using _b = b
    const waits = [0, 1, 2].map(async () => run('waitFor', a.fd, 'read', words, 0))
    await until(words, 0, 3)
    expect(await run('sleeps', 5)).toBe(5)
    expect(pool.counts).toMatchObject({ threads: 1, jobs: 3 })
    write(libc, b.fd)
    // One registration for all of them.
    expect(await Promise.all(waits)).toEqual([1, 1, 1])
  })
})

describe('a thread', () => {
  it('misses no job that comes just when it goes to sleep', async () => {
    open(6)
    for (let round = 0; round < 1000; round++) {
      const burst = Array.from({ length: 1 + (round % 7) }, async (_, i) =>
        i % 3 === 2 ? run('same', [i]) : run('add', i, round),
      )
      const results = await Promise.all(burst)
      expect(results).toEqual(results.map((_, i) => (i % 3 === 2 ? [i] : i + round)))
    }
  })

  it('is started when all are busy, up to the limit, and is given the next job when it is idle', async () => {
    open(2)
    const words = wordsOf()
    expect(pool.counts.threads).toBe(0)
    expect(await run('threadOf')).toBe(0)
    await vi.waitFor(() => expect(pool.counts.idle).toBe(1))
    const blocked = [run('block', words, 0, 1, 'a')]
    expect(pool.counts.threads).toBe(1)
    await until(words, 0, 1)
    blocked.push(run('block', words, 0, 1, 'b'))
    await until(words, 0, 2)
    blocked.push(run('block', words, 0, 1, 'c'))
    expect(pool.counts).toMatchObject({ threads: 2, idle: 0, jobs: 3, stolen: 0 })
    openGate(words, 1)
    expect(await Promise.all(blocked)).toEqual(['a', 'b', 'c'])
  })

  it('is not idle while a fiber runs in it, and is given nothing that would have to wait for that', async () => {
    open(2)
    const words = wordsOf()
    const [ARRIVED, GATE] = [0, 1]
    const fiber = run('blockFiber', words, ARRIVED, GATE)
    await until(words, ARRIVED, 1)
    expect(pool.counts).toMatchObject({ threads: 1, idle: 0 })
    expect(await run('threadOf')).toBe(1)
    openGate(words, GATE)
    expect(await fiber).toBe(0)
  })

  it('looks for jobs also while its fibers are ready all the time', async () => {
    open(1)
    const words = wordsOf()
    const [ARRIVED, GATE] = [0, 1]
    const fibers = [run('spin', words, ARRIVED, GATE), run('spin', words, ARRIVED, GATE)]
    await until(words, ARRIVED, 2)
    expect(await run('add', 1, 2)).toBe(3)
    openGate(words, GATE)
    await Promise.all(fibers)
  })

  it('steals what another one has taken upon itself and does not come to', async () => {
    open(2)
    const words = wordsOf()
    const [ARRIVED, FIRST, SECOND, LAST] = [0, 1, 2, 3]
    const first = run('block', words, ARRIVED, FIRST, 'first')
    const second = run('block', words, ARRIVED, SECOND, 'second')
    await until(words, ARRIVED, 2)
    // Nobody is idle: the first that comes back takes a share of these, and is held up by the first of them.
    const last = run('block', words, ARRIVED, LAST, 'last')
    const small = Array.from({ length: 15 }, async () => run('threadOf'))
    openGate(words, FIRST)
    await first
    await until(words, ARRIVED, 3)
    openGate(words, SECOND)
    await second
    expect(new Set(await Promise.all(small)).size).toBe(1)
    expect(pool.counts).toMatchObject({ stolen: 15, jobs: 1 })
    openGate(words, LAST)
    expect(await last).toBe('last')
  })
})
