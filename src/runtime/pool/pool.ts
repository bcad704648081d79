/**
 * A pool: jobs over threads, each of which has a scheduler of fibers with a poller of its own. See `Pool`.
 */
import { availableParallelism } from 'node:os'
import type { BackendName } from '../../backends/index.ts'
import { PoolError } from '../../errors.ts'
import type { PoolProblem } from '../../errors.ts'
import type { Libc } from '../../libc/libc.ts'
import { MOST_LOOKED_AT } from './finder.ts'
import { JobState, MOST_NUMBERS } from './job-table.ts'
import { Jobs } from './jobs.ts'
import type { Job } from './jobs.ts'
import { Modules } from './modules.ts'
import { NONE } from './shared-ring.ts'
import { Inbox, PoolMemory } from './shared.ts'
import type { Report } from './shared.ts'
import { WorkerHandle } from './worker-handle.ts'

export interface PoolOptions {
  /** How many threads there may be, 1 to 64. Default: as many as run at the same time here. They start when needed. */
  readonly threads?: number
  /** What the pollers of the threads are made of. Default: the best that works here. */
  readonly backend?: BackendName
}

export interface RunOptions {
  /**
   * The job does no harm when it runs twice, so it runs again, up to twice, where its thread has ended while it ran.
   * Default: false, it runs once or not at all.
   */
  readonly idempotent?: boolean
}

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
/** So often a job may find itself in a thread that ends. Who ends each thread it runs in must not end all. */
const MOST_ATTEMPTS = 3
/** So many threads in a row that end before they are ready, and none is started any more by itself. */
const MOST_FALSE_STARTS = 3

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
 *   limit; else into the queue of this thread, from which all threads take. One that is idle steals from up to 4 others.
 * - A job never runs in two threads, and never twice, unless it is `idempotent`. If `run` resolves, it has run to its
 *   end, once.
 * - Where a thread dies (it is killed, it exits, an error is caught by nobody), jobs that had not started run in others,
 *   exactly once. One that had started is over: `PoolError` with `worker-died`. It has run at most once, and maybe in
 *   part. Only an `idempotent` one runs again, up to three times in all. The thread is replaced.
 *
 * Arguments are cloned when `run` is called, results when the job has returned. Up to 6 arguments that are numbers, and
 * results that are numbers or none, travel in shared memory, and by far the fastest.
 *
 * Threads keep the process alive until `close`.
 */
export class Pool implements AsyncDisposable {
  readonly #libc: Libc
  readonly #backend: BackendName | undefined
  readonly #memory: PoolMemory
  readonly #modules = new Modules()
  readonly #jobs: Jobs
  readonly #workers: (WorkerHandle | undefined)[]
  readonly #onProcessExit = (): void => this.#broadcastExit()
  #nextIdle = 0
  #falseStarts = 0
  #died = 0
  #closing: Promise<void> | undefined

  constructor(libc: Libc, { threads = availableParallelism(), backend }: PoolOptions = {}) {
    if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
      throw new RangeError(`threads must be an integer from 1 to ${MOST_THREADS}, got ${threads}`)
    }
    this.#libc = libc
    this.#backend = backend
    this.#memory = new PoolMemory(PoolMemory.plan(threads, SLOTS))
    this.#jobs = new Jobs(this.#memory.table)
    this.#workers = Array.from({ length: threads }, () => undefined)
    // A thread that sleeps in the kernel would keep the process from ending.
    process.on('exit', this.#onProcessExit)
  }

  /** What there is now. */
  get counts(): PoolCounts {
    const threads = [...this.#workers.keys()]
    return {
      threads: threads.filter((thread) => this.#workers[thread] !== undefined).length,
      idle: threads.filter((thread) => this.#memory.inbox(thread) === Inbox.IDLE).length,
      jobs: this.#jobs.size,
      died: this.#died,
      stolen: threads.reduce((sum, thread) => sum + this.#memory.stolen(thread), 0),
    }
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
    const definition = this.#modules.define(module, name, (made) => {
      for (const worker of this.#workers) worker?.send({ kind: 'define', definition: made })
    })
    return new Promise((resolve, reject) => {
      const isNumbers = args.length <= MOST_NUMBERS && args.every((arg) => typeof arg === 'number')
      const job: Job = { definition, args, isNumbers, idempotent, resolve, reject, attempts: 0 }
      if (this.#closing !== undefined) return fail(job, 'closed', 'the pool was closed')
      if (!isNumbers) {
        try {
          // As they are now, and whatever may become of them until a thread asks for them.
          job.args = structuredClone(args)
        } catch (error) {
          return fail(job, 'not-cloneable', `its arguments: ${String(error)}`)
        }
      }
      this.#jobs.add(job)
      this.#submit()
    })
  }

  /** Ends a thread where it is, for a job that does not come back. Another one takes its place. */
  async kill(thread: number): Promise<void> {
    await this.#workers[thread]?.kill()
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
    this.#broadcastExit()
    for (const job of this.#jobs.withdraw()) fail(job, 'closed', 'the pool was closed before it has run')
    await Promise.all(this.#workers.map(async (worker) => worker?.join()))
    for (const job of this.#jobs.takeAll()) fail(job, 'closed', 'the pool was closed while it waited')
    process.off('exit', this.#onProcessExit)
  }

  #broadcastExit(): void {
    this.#memory.exit()
    for (const worker of this.#workers) worker?.wake()
  }

  /** Moves jobs to where threads find them, as long as there is room. */
  #submit(): void {
    for (let slot = this.#jobs.fillNext(); slot !== NONE; slot = this.#jobs.fillNext()) this.#place(slot)
  }

  #place(slot: number): void {
    if (this.#offer(slot)) return
    const absent = this.#workers.indexOf(undefined)
    if (absent >= 0) return this.#start(absent, slot)
    this.#queue(slot)
    // One may have become idle after it was looked at, and before the job was there to be found.
    this.#offer(Inbox.BUSY)
  }

  #queue(slot: number): void {
    // Each job is there once, and once more where a thread has died: that is what its size is made for.
    if (!this.#memory.common.push(slot)) throw new RangeError('the queue of the pool is full')
  }

  /** Gives an idle thread a job, or has it look for one. False where none of those that are looked at is idle. */
  #offer(value: number): boolean {
    const { length } = this.#workers
    for (let looks = Math.min(MOST_LOOKED_AT, length); looks > 0; looks--) {
      const thread = this.#nextIdle
      this.#nextIdle = (thread + 1) % length
      if (!this.#memory.offer(thread, value)) continue
      this.#workers[thread]?.wake()
      return true
    }
    return false
  }

  #start(thread: number, job: number): void {
    this.#memory.setInbox(thread, job)
    const data = {
      pool: this.#memory.plan,
      thread,
      libc: this.#libc.plan,
      backend: this.#backend,
      definitions: this.#modules.definitions,
    }
    this.#workers[thread] = new WorkerHandle(this.#memory, data, {
      report: (report) => this.#heed(thread, report),
      ended: (reason) => this.#ended(thread, reason),
    })
  }

  #heed(thread: number, report: Report): void {
    switch (report.kind) {
      case 'ready':
        this.#falseStarts = 0
        return
      case 'look':
        return this.#look(thread)
      case 'arguments': {
        const values = this.#jobs.at(report.slot)?.args ?? []
        this.#workers[thread]?.send({ kind: 'arguments', slot: report.slot, values })
        return
      }
      case 'result':
        this.#jobs.take(report.slot)?.resolve(report.value)
        break
      case 'threw':
        this.#jobs.take(report.slot)?.reject(report.error)
        break
      case 'refused':
        fail(this.#jobs.take(report.slot), report.why, report.reason)
        break
    }
    this.#submit()
  }

  /** Takes what a thread has done. */
  #look(thread: number): void {
    this.#memory.noticed(thread)
    this.#takeReturned(thread)
    this.#submit()
    const { common, queues } = this.#memory
    if (common.size > 0 || queues.some(({ size }) => size > 0)) this.#offer(Inbox.BUSY)
  }

  #takeReturned(thread: number): void {
    const returned = this.#memory.returned[thread]
    for (let slot = returned?.take() ?? NONE; slot !== NONE; slot = returned?.take() ?? NONE) {
      this.#settle(slot)
    }
  }

  #settle(slot: number): void {
    const result = this.#memory.table.resultOf(slot)
    this.#jobs.take(slot)?.resolve(result)
  }

  /** A thread is gone. Nothing that it has claimed can change any more. */
  #ended(thread: number, reason: string): void {
    const isFalseStart = this.#workers[thread]?.isFalseStart === true
    this.#workers[thread] = undefined
    this.#memory.setInbox(thread, Inbox.ABSENT)
    this.#memory.journals[thread]?.settle(this.#libc)
    // What it has sent last may be lost: its successor must not believe that this thread was told.
    this.#memory.noticed(thread)
    this.#takeReturned(thread)
    if (this.#closing !== undefined) return
    this.#died++
    for (const slot of this.#jobs.claimedBy(thread)) this.#recover(slot, reason)
    if (!isFalseStart || ++this.#falseStarts < MOST_FALSE_STARTS) {
      this.#start(thread, Inbox.BUSY)
    } else if (this.#workers.every((worker) => worker === undefined)) {
      for (const job of this.#jobs.withdraw()) fail(job, 'cannot-start', `no thread starts: ${reason}`)
    }
    this.#queueAgain(thread)
    this.#submit()
  }

  /** What becomes of a job whose thread is gone. */
  #recover(slot: number, reason: string): void {
    const job = this.#jobs.at(slot)
    if (job === undefined) return
    const state = this.#memory.table.stateOf(slot)
    // It was done, and the thread came to tell nobody.
    if (state === JobState.RETURNED) return this.#settle(slot)
    const mayRunAgain = state === JobState.CLAIMED || (state === JobState.STARTED && job.idempotent)
    job.attempts++
    if (mayRunAgain && job.attempts < MOST_ATTEMPTS) return this.#memory.table.requeue(slot)
    const thread = this.#memory.table.threadOf(slot)
    const when = state === JobState.CLAIMED ? 'before it had started' : 'while it ran'
    fail(this.#jobs.take(slot), 'worker-died', `thread ${thread} has ended ${when}: ${reason}`)
  }

  /**
   * Says anew where all jobs are that nobody has claimed: a thread that has died may have been about to. Those that
   * stand somewhere twice by that are claimed once nevertheless.
   */
  #queueAgain(thread: number): void {
    for (const queue of [this.#memory.queues[thread], this.#memory.common]) {
      while (queue !== undefined && queue.take() !== NONE);
    }
    for (const slot of this.#jobs.queued()) this.#queue(slot)
    this.#offer(Inbox.BUSY)
  }
}

function fail(job: Job | undefined, problem: PoolProblem, reason: string): void {
  if (job === undefined) return
  const { name, module } = job.definition
  job.reject(new PoolError(problem, `${name} of ${module}`, reason))
}
