/** Random jobs, fibers, deaths and closings: whatever comes together, each job is told how it went. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { PoolError } from '../../errors.ts'
import { openSocketpair } from '../../libc/fd.ts'
import { seededRandom } from '../../random.ts'
import { testedBackends, testedLibc as libc } from '../../testing/backends.ts'
import { write } from '../../testing/native.ts'
import { Pool } from './pool.ts'

const jobs = new URL('../../../fixtures/pool/jobs.mjs', import.meta.url)
const COUNTER = 0
const ROUNDS = 3
const STEPS = 60

it.each(testedBackends)('over %s, nobody waits for ever, and nothing is left', async (name, backend) => {
  const random = seededRandom(name.length)
  const upTo = (most: number): number => Math.floor(random() * most)
  for (let round = 0; round < ROUNDS; round++) {
    const threads = 1 + upTo(6)
    const pool = new Pool(libc, { threads, backend })
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    const words = new Int32Array(new SharedArrayBuffer(64))
    const outcomes: Promise<unknown>[] = []
    const run = (job: string, args: readonly unknown[], idempotent = false): void => {
      const outcome = pool.run(jobs, job, args, { idempotent })
      outcomes.push(outcome.catch((error: unknown) => error))
    }
    const kills: Promise<void>[] = []
    const steps: readonly (() => unknown)[] = [
      () => run('add', [1, 2]),
      () => run('same', [{ round }]),
      () => run('sleeps', [upTo(20)]),
      () => run('waitFor', [a.fd, random() < 0.5 ? 'read' : 'write', words, COUNTER]),
      () => run('exits', [words, COUNTER]),
      () => run('uncaught', []),
      () => run('exitsOnce', [words, COUNTER + 1], true),
      () => run('fails', ['on purpose']),
      () => run('threadOf', []),
      () => kills.push(pool.kill(upTo(threads))),
      () => sleep(upTo(20)),
    ]
    for (let step = 0; step < STEPS; step++) await steps[upTo(steps.length)]?.()
    write(libc, b.fd)
    if (random() < 0.5) await Promise.all(outcomes)
    await pool.close()
    await Promise.all(kills)
    const errors = (await Promise.all(outcomes)).filter((outcome) => outcome instanceof Error)
    const unexpected = errors.filter((error) => {
      if (error instanceof PoolError) return error.problem !== 'worker-died' && error.problem !== 'closed'
      return !String(error).includes('on purpose')
    })
    expect(unexpected).toEqual([])
    expect(pool.counts).toMatchObject({ threads: 0, idle: 0, jobs: 0 })
  }
})
