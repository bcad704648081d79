/**
 * A pool: jobs over threads, each of which has a scheduler of fibers with a poller of its own. See `Pool`.
 */
import { availableParallelism } from 'node:os'
import type { Backend } from '../../backends/backend.ts'
import type { Libc } from '../../libc/libc.ts'
import { nameForThreads } from './backend-name.ts'
import { Crew } from './crew.ts'
import { Jobs } from './jobs.ts'
import { jobOf, noResult } from './job.ts'
import { Endings } from './endings.ts'
import { Modules } from './modules.ts'
import { NONE } from './shared-ring.ts'
import { PoolMemory } from './shared.ts'
import type { Report } from './messages.ts'

export interface PoolOptions {
  /** How many threads there may be, 1 to 64. Default: as many as run at the same time here. They start when needed. */
  readonly threads?: number
  /** What the pollers of the threads are made of. Default: the best that works here. */
  readonly backend?: Backend
}

export interface RunOptions {
  /**
   * The job does no harm when it runs twice, so it runs again, up to twice, where its thread has ended while it ran.
   * Default: false, it runs once or not at all.
   */
  readonly idempotent?: boolean
}

/** What a pool has at a moment. */
export interface PoolCounts {
  readonly threads: number
  /** Threads that sleep in their pollers, or are about to; fibers may wait there. */
  readonly idle: number
  /** Jobs that are not over. */
  readonly jobs: number
  /** Threads that have died, and jobs that were stolen, since the pool was made. */
  readonly died: number
  readonly stolen: number
}

const MOST_THREADS = 64
/** So many jobs are in shared memory at once; all others wait in this thread. */
const SLOTS = 4096

/**
 * Runs jobs, which are functions that modules export, in threads:
 *
 *     await using pool = new Pool(openLibc())
 *     const total = await pool.run(new URL('jobs.js', import.meta.url), 'sum', [1, 2])
 *
 * A function is called with the arguments. A generator function is called with a `PoolThread` before them, and may wait
 * as any fiber may: for time, and for descriptors, where all that wait for one in the same thread share a registration.
 * A promise is waited for by nobody, because a thread waits in its poller and not in Node's event loop.
 *
 * - A new job goes to an idle thread (4 are looked at), which is woken by its poller; else to a new thread, up to the
 *   limit; else into the queue of this thread, from which all threads take. One that is idle steals from others, of which
 *   it looks at 4 at once. No job waits where a thread sleeps that could run it.
 * - A job never runs in two threads, and never twice, unless it is `idempotent`. If `run` resolves, it has run to its
 *   end, once.
 * - Where a thread dies (it is killed, it exits, an error is caught by nobody), jobs that had not started run in others,
 *   exactly once, if not three threads in a row have died with it. One that had started is over: `PoolError` with
 *   `worker-died`. It has run at most once, and maybe in part. Only an `idempotent` one runs again, up to three times in
 *   all. The thread is replaced.
 * - A job that keeps its thread busy keeps all fibers there from going on. `kill` ends one that does not come back.
 *
 * Arguments are cloned when `run` is called, results when the job has returned. Up to 6 arguments that are numbers, and
 * results that are numbers or none, travel in shared memory, and by far the fastest.
 *
 * Threads keep the process alive until `close`.
 */
export class Pool implements AsyncDisposable {
  readonly #memory: PoolMemory
  readonly #modules = new Modules()
  readonly #jobs: Jobs
  readonly #crew: Crew
  readonly #endings: Endings
  #closing: Promise<void> | undefined

  /**
   * Starts nothing yet. RangeError for a number of threads that cannot be; `UnsupportedError` for a backend that is of
   * one thread, and where none works.
   */
  constructor(libc: Libc, { threads = availableParallelism(), backend }: PoolOptions = {}) {
    assertInteger(threads, 1, MOST_THREADS, 'the number of threads')
    const name = nameForThreads(libc, backend)
    this.#memory = new PoolMemory(PoolMemory.plan(threads, SLOTS))
    this.#jobs = new Jobs(this.#memory.table)
    this.#crew = new Crew(libc, name, this.#memory, this.#modules, {
      report: (thread, report) => this.#heed(thread, report),
      ended: (thread, reason) => this.#endings.threadEnded(thread, reason, this.#closing !== undefined),
      replaced: () => {
        this.#crew.nudge()
        this.#submit()
      },
      cannotStart: (reason) => {
        for (const job of this.#jobs.withdraw()) job.fail('cannot-start', `no thread starts: ${reason}`)
      },
    })
    this.#endings = new Endings(this.#memory, this.#jobs)
  }

  /** What there is now. */
  get counts(): PoolCounts {
    const { size: threads, idle, died } = this.#crew
    return { threads, idle, jobs: this.#jobs.size, died, stolen: this.#memory.stolen }
  }

  /**
   * Runs the function that a module exports by a name. The module is a URL, or an absolute path. Rejects with what it
   * throws, as far as that can be cloned, or with `PoolError`. Throws `UsageError` for any other module.
   */
  run(
    module: string | URL,
    name: string,
    args: readonly unknown[] = [],
    { idempotent = false }: RunOptions = {},
  ): Promise<unknown> {
    const definition = this.#modules.define(module, name, (made) =>
      this.#crew.sendAll({ kind: 'define', definition: made }),
    )
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) return reject(noResult(definition, 'closed', 'the pool was closed'))
      const job = jobOf(definition, args, { idempotent, resolve, reject })
      if (job === undefined) return
      this.#jobs.add(job)
      this.#submit()
    })
  }

  /**
   * Ends a thread where it is, for a job that does not come back. Another one takes its place, and has its number.
   * Resolves when it is gone, which a system call of the job itself may hold up; at once where there is none. RangeError
   * for what is no number of a thread.
   */
  async kill(thread: number): Promise<void> {
    const { threads } = this.#memory.plan
    assertInteger(thread, 0, threads - 1, 'the number of a thread')
    await this.#crew.kill(thread)
  }

  /**
   * Ends all threads, and resolves when they are gone. A job that runs without waiting runs to its end; all others are
   * rejected as `closed`, fibers after their `finally` blocks. Closing twice is closing once.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    this.#crew.broadcastExit()
    for (const job of this.#jobs.withdraw()) job.fail('closed', 'the pool was closed before it has run')
    await this.#crew.join()
    for (const job of this.#jobs.takeAll()) job.fail('closed', 'the pool was closed while it waited')
  }

  /** Moves jobs to where threads find them, as long as there is room. */
  #submit(): void {
    for (let slot = this.#jobs.fillNext(); slot !== NONE; slot = this.#jobs.fillNext()) this.#crew.place(slot)
  }

  #heed(thread: number, report: Report): void {
    switch (report.kind) {
      case 'ready':
        return
      case 'look':
        this.#memory.noticed(thread)
        this.#endings.settleReturned(thread)
        this.#crew.nudge()
        break
      case 'arguments':
        return this.#crew.send(thread, { kind: 'arguments', jobs: this.#jobs.argumentsOf(report.slots) })
      case 'result':
        this.#jobs.take(report.slot)?.resolve(report.value)
        break
      case 'threw':
        this.#jobs.take(report.slot)?.reject(report.error)
        break
      case 'refused':
        this.#jobs.take(report.slot)?.fail(report.why, report.reason)
        break
    }
    this.#submit()
  }
}

function assertInteger(value: number, least: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${what} is an integer from ${least} to ${most}, not ${value}`)
}
