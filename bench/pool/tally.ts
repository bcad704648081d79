/** Gives many jobs to a pool, and counts what has become of each. */
import { setEnvironmentData } from 'node:worker_threads'
import { PoolError } from '../../src/errors.ts'
import type { Backend } from '../../src/backends/backend.ts'
import { entryPoint } from '../../src/entry-point.ts'
import type { Libc } from '../../src/libc/libc.ts'
import { seededRandom } from '../../src/random.ts'
import type { Random } from '../../src/random.ts'
import { Pool } from '../../src/runtime/pool/pool.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { COUNTS } from './jobs.ts'
import type { Counts } from './jobs.ts'

/** So many are given to the pool before they are waited for. */
const AT_ONCE = 20_000
/** Of so many jobs, one has arguments and a result that are no numbers. */
const JOBS_PER_MESSAGE = 16
const MOST_MS_BETWEEN_KILLS = 150
/** More problems of one kind than that need not be told. */
const MOST_TOLD = 5

const faults = ['exitBefore', 'exitAfter', 'throwUncaught'] as const
const module = entryPoint('bench/pool/jobs')

export interface TallyOptions {
  readonly jobs: number
  readonly threads: number
  /** Default: as of `Pool`. */
  readonly backend?: Backend
  /** Threads are killed at random, and some jobs end the thread that they run in. */
  readonly withFaults: boolean
  /** Of so many jobs, one ends its thread. Default 10,000. */
  readonly jobsPerFault?: number
  readonly seed: number
}

/** What a run has shown. Any problem is a broken promise. */
export interface Tally {
  readonly jobs: number
  readonly seconds: number
  /** How many jobs were told to have returned. With those that were lost, they are all. */
  readonly delivered: number
  readonly problems: readonly string[]
  /** How many jobs were told to have lost their thread, and how many of those had run. */
  readonly lost: number
  readonly lostThoughRun: number
  readonly died: number
  readonly stolen: number
}

export function describeTally(tally: Tally): string {
  const { jobs, seconds, delivered, lost, lostThoughRun, died, stolen } = tally
  const perSecond = Math.round(jobs / seconds)
  const losses = `${died} threads died with ${lost} jobs, of which ${lostThoughRun} had run`
  return `${delivered} of ${jobs} jobs in ${seconds.toFixed(1)} s (${perSecond} per second), ${stolen} stolen; ${losses}`
}

export async function tallyOf(libc: Libc, options: TallyOptions): Promise<Tally> {
  const { jobs, threads, backend, withFaults, jobsPerFault = 10_000, seed } = options
  const array = (): Int32Array => new Int32Array(new SharedArrayBuffer(4 * jobs))
  const counts: Counts = { runs: array(), effects: array() }
  // Threads get it when they start, so that the jobs themselves are small.
  setEnvironmentData(COUNTS, { ...counts })
  const random = seededRandom(seed)
  const problems: string[] = []
  const lost: number[] = []
  let delivered = 0
  const pool = new Pool(libc, { threads, ...(backend === undefined ? {} : { backend }) })
  const killing = withFaults ? new Killer(pool, threads, random) : undefined

  const one = async (index: number): Promise<void> => {
    const fault = withFaults && random() < 1 / jobsPerFault ? faults[index % faults.length] : undefined
    const isByMessage = fault === undefined && index % JOBS_PER_MESSAGE === 0
    try {
      const given = isByMessage
        ? await pool.run(module, 'countByMessage', [{ index }])
        : await pool.run(module, fault ?? 'count', [index])
      const result = isByMessage ? (given as { readonly done: number }).done : given
      delivered++
      const runs = counts.runs[index]
      if (result !== index || runs !== 1)
        problems.push(`job ${index} has run ${runs} times, and gave ${String(result)}`)
    } catch (error) {
      if (!(error instanceof PoolError && error.problem === 'worker-died')) {
        problems.push(`job ${index} failed: ${String(error)}`)
      }
      lost.push(index)
    }
  }

  const start = performance.now()
  for (let first = 0; first < jobs; first += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, jobs - first) }, (_, i) => one(first + i))
    await Promise.all(batch)
  }
  const seconds = (performance.now() - start) / 1000
  await killing?.stop()

  const lostThoughRun = lost.filter((index) => counts.runs[index] === 1).length
  for (const [index, runs] of counts.runs.entries()) {
    if (runs > 1) problems.push(`job ${index} has run ${runs} times`)
  }
  const { died, stolen } = pool.counts
  if (delivered + lost.length !== jobs) problems.push(`${delivered} returned, ${lost.length} lost`)
  if (!withFaults && lost.length > 0) problems.push(`${lost.length} jobs were lost, though nothing has died`)
  // The pool still works.
  await Promise.all(lost.map((index) => pool.run(module, 'count', [index], { idempotent: true })))
  const effects = counts.effects.reduce((sum, effect) => sum + effect, 0)
  if (effects !== jobs) problems.push(`of ${jobs} jobs, ${effects} had their effect`)
  if (pool.counts.jobs !== 0) problems.push(`the pool believes to have ${pool.counts.jobs} jobs`)
  await pool.close()
  return {
    jobs,
    seconds,
    delivered,
    problems: problems.slice(0, MOST_TOLD),
    lost: lost.length,
    lostThoughRun,
    died,
    stolen,
  }
}

/** Kills threads of a pool, at random times, until it is stopped. */
class Killer {
  #isStopped = false
  readonly #done: Promise<void>

  constructor(pool: Pool, threads: number, random: Random) {
    this.#done = this.#kill(pool, threads, random)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#done
  }

  async #kill(pool: Pool, threads: number, random: Random): Promise<void> {
    while (!this.#isStopped) {
      await sleep(random() * MOST_MS_BETWEEN_KILLS)
      await pool.kill(Math.floor(random() * threads))
    }
  }
}
