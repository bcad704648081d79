import { setTimeout as sleep } from 'node:timers/promises'
import { backends } from '../../../backends/index.ts'
import { entryPoint } from '../../../entry-point.ts'
import { PoolError } from '../../../errors.ts'
import { Pool } from '../../../runtime/pool/pool.ts'
import { pipe, write } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { IO_SEED } from './io.ts'

const MODULE = entryPoint('src/conformance/checks/runtime/pool-jobs')
/** What two threads of Node and their pollers have. */
const DESCRIPTORS = 30
/** What must come, comes soon; the room is for a loaded machine. */
const PATIENCE_MS = 10_000

/** A pool of threads over the backend under test, and words that its jobs share. */
interface Crew {
  readonly pool: Pool
  readonly words: Int32Array
  readonly run: (name: string, ...args: readonly unknown[]) => Promise<unknown>
}

/** Does something with a pool, and ends its threads, whatever comes of it. */
async function withPool(
  machine: Machine,
  threads: number,
  use: (crew: Crew) => Promise<void>,
): Promise<void> {
  const pool = new Pool(machine.libc, { threads, backend: backends[machine.backend] })
  const words = new Int32Array(new SharedArrayBuffer(4096))
  const jobs: Promise<unknown>[] = []
  const run = (name: string, ...args: readonly unknown[]): Promise<unknown> => {
    const job = pool.run(MODULE, name, args)
    // One that fails before it is awaited is no error that nobody hears of.
    jobs.push(job.catch(() => undefined))
    return job
  }
  try {
    await use({ pool, words, run })
  } finally {
    // Whoever is held goes on: a thread ends between two jobs.
    words.subarray(HELD).fill(1)
    for (let word = HELD; word < words.length; word++) Atomics.notify(words, word)
    await pool.close()
    await Promise.all(jobs)
  }
}

/** From this word on, they are gates of jobs that are held. */
const HELD = 512

async function until(machine: Machine, what: string, isSo: () => boolean): Promise<void> {
  machine.begin(what)
  const end = performance.now() + PATIENCE_MS
  while (!isSo()) {
    if (performance.now() > end) throw new Failure(what, `not so after ${PATIENCE_MS} ms`)
    await sleep(1)
  }
}

/** Awaits a job, which must not take for ever. */
async function expectResult(
  machine: Machine,
  what: string,
  job: Promise<unknown>,
  expected: unknown,
): Promise<void> {
  machine.begin(what)
  const late = new AbortController()
  const nothing = sleep(PATIENCE_MS, 'nothing came', { signal: late.signal }).catch(() => '')
  const outcome = job.catch((error: unknown) => (error instanceof PoolError ? error.problem : String(error)))
  machine.expect(String(await Promise.race([outcome, nothing])), String(expected), what)
  late.abort()
}

function poolCheck(
  name: string,
  statement: string,
  threads: number,
  use: (machine: Machine, crew: Crew) => Promise<void>,
): Check {
  return portableCheck({
    id: `runtime.pool-${name}`,
    kind: 'thread',
    statement,
    source: `${IO_SEED} (M:N: threads, each with a poller, and their queues)`,
    descriptors: DESCRIPTORS,
    run: (machine) => withPool(machine, threads, async (crew) => use(machine, crew)),
  })
}

const JOBS = 500

/** Jobs over threads that sleep in the backend under test while they are idle. */
export const pools: readonly Check[] = [
  poolCheck(
    'exactly-once',
    'Every job runs once, and its result comes, also when all threads have gone to sleep meanwhile.',
    2,
    async (machine, { pool, words, run }) => {
      for (const round of [1, 2]) {
        const results = Promise.all(Array.from({ length: JOBS }, async (_, i) => run('bump', words, i)))
        const right = results.then((all) => all.filter((before) => before === round - 1).length)
        await expectResult(machine, `results of ${JOBS} jobs, round ${round}`, right, JOBS)
        const ran = words.subarray(0, JOBS).filter((count) => count === round).length
        machine.expect(ran, JOBS, 'jobs that have run once')
        await until(machine, 'no thread has anything to do', () => pool.counts.idle === pool.counts.threads)
      }
    },
  ),
  poolCheck(
    'idle-first',
    'A job goes to an idle thread, whose poller is woken; else to a new one, up to the limit; else it waits for its turn.',
    2,
    async (machine, { pool, words, run }) => {
      await expectResult(machine, 'the first job, in the first thread', run('threadOf'), 0)
      await until(machine, 'the thread sleeps', () => pool.counts.idle === 1)
      const held = [run('hold', words, 0, HELD)]
      await until(machine, 'a job wakes the thread', () => words[0] === 1)
      machine.expect(pool.counts.threads, 1, 'threads')
      held.push(run('hold', words, 0, HELD + 1))
      await until(machine, 'the next job starts a thread', () => words[0] === 2)
      machine.expect(pool.counts.threads, 2, 'threads')
      const third = run('threadOf')
      machine.expect(pool.counts.threads, 2, 'threads, with a third job')
      release(words, HELD + 1)
      await expectResult(machine, 'the third job, in the thread that is free', third, 1)
      release(words, HELD)
      await expectResult(machine, 'the jobs that were held', Promise.all(held), '0,1')
    },
  ),
  poolCheck(
    'steal',
    'A thread without a job takes those that another one has taken upon itself and does not come to.',
    2,
    async (machine, { pool, words, run }) => {
      const held = [0, 1].map((i) => run('block', words, 0, HELD + i))
      await until(machine, 'both threads are held', () => words[0] === 2)
      // The first that comes back takes a share of these upon itself, and is held by the first of them.
      const last = run('block', words, 0, HELD + 2)
      const small = Array.from({ length: 15 }, () => run('threadOf'))
      release(words, HELD)
      await until(machine, 'one goes on, and is held by the next job', () => words[0] === 3)
      release(words, HELD + 1)
      const threads = Promise.all(small).then((all) => new Set(all).size)
      await expectResult(machine, 'the jobs behind it, in one thread', threads, 1)
      machine.expect(pool.counts.stolen > 0 ? 'stolen' : 'not stolen', 'stolen', 'how they came there')
      release(words, HELD + 2)
      await expectResult(
        machine,
        'the jobs that were held',
        Promise.all([...held, last]).then((all) => all.length),
        3,
      )
    },
  ),
  poolCheck(
    'one-registration',
    'Jobs of one thread that wait for the same descriptor and direction share a registration, and are all woken.',
    1,
    async (machine, { words, run }) => {
      machine.run(pipe('r', 'w'))
      const jobs = [0, 1, 2].map(() => run('waitFor', machine.fd('r'), words, 0))
      await until(machine, 'three jobs wait', () => words[0] === 3)
      machine.run(write('w', 1))
      await expectResult(machine, 'registrations that each has seen', Promise.all(jobs), '1,1,1')
    },
  ),
  poolCheck(
    'exit',
    'Close wakes every thread out of its poller, ends the jobs that wait, and is over when all threads are gone.',
    2,
    async (machine, { pool, words, run }) => {
      const waiting = [0, 1].map(() => run('waitForEver', words, 0, 1))
      await until(machine, 'two jobs wait', () => words[0] === 2)
      machine.begin('close')
      await pool.close()
      machine.expect(pool.counts.threads, 0, 'threads')
      machine.expect(words[1] ?? 0, 2, 'jobs that were ended')
      for (const job of waiting) await expectResult(machine, 'a job that waited', job, 'closed')
      await expectResult(machine, 'a job that comes too late', run('threadOf'), 'closed')
    },
  ),
  poolCheck(
    'death',
    'A thread that dies fails the job that it was about, which runs no second time, and another one takes its place.',
    1,
    async (machine, { pool, words, run }) => {
      const dying = run('die', words, 0)
      const after = run('threadOf')
      await expectResult(machine, 'the job whose thread has died', dying, 'worker-died')
      await expectResult(machine, 'the job behind it', after, 0)
      machine.expect(words[0] ?? 0, 1, 'how often the first has run')
      machine.expect(pool.counts.died, 1, 'threads that have died')
    },
  ),
]

function release(words: Int32Array, gate: number): void {
  Atomics.store(words, gate, 1)
  Atomics.notify(words, gate)
}
