import type { BackendName } from '../../backends/index.ts'
import type { Libc } from '../../libc/libc.ts'
import { MOST_LOOKED_AT } from './finder.ts'
import type { Modules } from './modules.ts'
import { Inbox } from './shared.ts'
import type { Mail, Report } from './messages.ts'
import type { PoolMemory } from './shared.ts'
import { WorkerHandle } from './worker-handle.ts'

/** So many threads in a row that end before they are ready, and no more are started as long as there is another one. */
const MOST_FALSE_STARTS = 3

/** What the threads of a pool do that concerns its jobs. */
export interface CrewEvents {
  report(thread: number, report: Report): void
  /** A thread is gone: nothing that it has claimed can change any more. Comes before another one takes its place. */
  ended(thread: number, reason: string): void
  /** Comes after that, or after it was found that there can be none. */
  replaced(): void
  /** There is no thread, and it seems that there cannot be one. */
  cannotStart(reason: string): void
}

/** Those that have not left. */
const crews = new Set<Crew>()

/** How long the end of the process waits for threads that make native calls, or start. */
const MOST_MS_AT_EXIT = 2000

/**
 * Node ends all threads when the process ends, where they are: one that sleeps in the kernel would keep the process, and
 * one that makes a native call could abort it.
 */
function doomAll(): void {
  const deadline = performance.now() + MOST_MS_AT_EXIT
  for (const crew of crews) crew.doom()
  for (const crew of crews) crew.awaitDoom(deadline)
}

/** The threads of a pool, from outside: who is there, who is idle, and which of them a job is given to. */
export class Crew {
  readonly #libc: Libc
  readonly #backend: BackendName
  readonly #memory: PoolMemory
  readonly #modules: Modules
  readonly #events: CrewEvents
  readonly #workers: (WorkerHandle | undefined)[]
  #nextIdle = 0
  #falseStarts = 0
  #isExiting = false
  /** How many have ended before the pool did. */
  died = 0

  constructor(libc: Libc, backend: BackendName, memory: PoolMemory, modules: Modules, events: CrewEvents) {
    this.#libc = libc
    this.#backend = backend
    this.#memory = memory
    this.#modules = modules
    this.#events = events
    this.#workers = Array.from({ length: memory.plan.threads }, () => undefined)
    if (crews.size === 0) process.on('exit', doomAll)
    crews.add(this)
  }

  get size(): number {
    return this.#workers.filter((worker) => worker !== undefined).length
  }

  get idle(): number {
    return [...this.#workers.keys()].filter((thread) => this.#memory.inbox(thread) === Inbox.IDLE).length
  }

  send(thread: number, mail: Mail): void {
    this.#workers[thread]?.send(mail)
  }

  sendAll(mail: Mail): void {
    for (const worker of this.#workers) worker?.send(mail)
  }

  async kill(thread: number): Promise<void> {
    await this.#workers[thread]?.kill()
  }

  /** Tells all threads to leave, and wakes those that sleep in their pollers. */
  broadcastExit(): void {
    this.#isExiting = true
    this.#memory.exit()
    for (const worker of this.#workers) worker?.wake()
  }

  /** Has all threads wait to be ended. No other one is started. */
  doom(): void {
    this.#isExiting = true
    for (const worker of this.#workers) worker?.doom()
  }

  /** Waits for that, until a time of `performance.now`. */
  awaitDoom(deadline: number): void {
    for (const worker of this.#workers) worker?.awaitDoom(Math.max(0, deadline - performance.now()))
  }

  /** Resolves when all have left, after `broadcastExit`. */
  async join(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker?.join()))
    crews.delete(this)
    if (crews.size === 0) process.off('exit', doomAll)
  }

  /** Brings a job to a thread that is idle, else to a new one, else to where all look. */
  place(slot: number): void {
    if (this.#offer(slot, MOST_LOOKED_AT)) return
    const absent = this.#workers.indexOf(undefined)
    if (absent >= 0 && this.#mayStart) return this.#start(absent, slot)
    this.#memory.enqueue(slot)
    this.nudge()
  }

  /**
   * Has one idle thread look at the queues, if any is idle and there is something to see. All are looked at: one may
   * have become idle after it was looked at last, and before the job was there to be found, and would sleep on.
   */
  nudge(): void {
    if (this.#memory.hasQueued) this.#offer(Inbox.BUSY, this.#workers.length)
  }

  /** Gives an idle thread a job, or has it look for one. False where none of those that are looked at is idle. */
  #offer(value: number, mostLookedAt: number): boolean {
    const { length } = this.#workers
    let looks = 0
    for (let i = 0; i < length && looks < mostLookedAt; i++) {
      const thread = this.#nextIdle
      this.#nextIdle = (thread + 1) % length
      const worker = this.#workers[thread]
      if (worker === undefined) continue
      looks++
      if (!this.#memory.offer(thread, value)) continue
      worker.wake()
      return true
    }
    return false
  }

  /** Starts a thread with a job (`Inbox.BUSY`: with none). */
  #start(thread: number, job: number): void {
    this.#memory.setInbox(thread, job)
    const data = {
      pool: this.#memory.plan,
      thread,
      libc: this.#libc.plan,
      backend: this.#backend,
      definitions: this.#modules.definitions,
    }
    try {
      this.#workers[thread] = new WorkerHandle(this.#memory, data, {
        report: (report) => this.#heed(thread, report),
        ended: (reason) => this.#ended(thread, reason),
      })
    } catch (error) {
      // The system has no thread for it. One that was given a job has it where all look.
      this.#memory.setInbox(thread, Inbox.ABSENT)
      if (job !== Inbox.BUSY) this.#memory.enqueue(job)
      this.#falseStarts++
      this.#notStarted(String(error))
    }
  }

  #heed(thread: number, report: Report): void {
    if (report.kind === 'ready') this.#falseStarts = 0
    this.#events.report(thread, report)
  }

  #ended(thread: number, reason: string): void {
    const isFalseStart = this.#workers[thread]?.isFalseStart === true
    this.#workers[thread] = undefined
    this.#memory.setInbox(thread, Inbox.ABSENT)
    this.#memory.journals[thread]?.settle(this.#libc)
    // What it has sent last may be lost: its successor must not believe that this thread was told.
    this.#memory.noticed(thread)
    if (!this.#isExiting) this.died++
    this.#events.ended(thread, reason)
    if (this.#isExiting) return
    if (isFalseStart) this.#falseStarts++
    if (this.#falseStarts < MOST_FALSE_STARTS) this.#start(thread, Inbox.BUSY)
    else this.#notStarted(reason)
    this.#events.replaced()
  }

  get #mayStart(): boolean {
    return !this.#isExiting && (this.#falseStarts < MOST_FALSE_STARTS || this.size === 0)
  }

  #notStarted(reason: string): void {
    if (this.size === 0) this.#events.cannotStart(reason)
    else this.nudge()
  }
}
