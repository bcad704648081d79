/** One thread of a pool, from within: it finds jobs, and runs them between the fibers of its scheduler. */
import { receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { backends } from '../../backends/index.ts'
import { attachLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import type { Fiber, Routine } from '../fiber.ts'
import { Scheduler } from '../scheduler.ts'
import { Finder } from './finder.ts'
import { Functions } from './functions.ts'
import type { JobFunction } from './functions.ts'
import { PoolMemory } from './shared.ts'
import type { Mail, Refusal, Report, ThreadData } from './shared.ts'

/** What a job that is a generator function gets before its arguments: where it runs. */
export interface PoolThread {
  /** Its fibers are those of all jobs of this thread. It is the pool's to run, to stop and to close. */
  readonly scheduler: Scheduler
  readonly libc: Libc
  /** Its number, from 0. One that takes the place of another has the same. */
  readonly thread: number
}

/** So many jobs in a row that are no fibers, and then timers and descriptors of others may have their turn. */
const JOBS_BETWEEN_YIELDS = 64

export class Thread {
  readonly #memory: PoolMemory
  readonly #me: number
  readonly #port: MessagePort
  readonly #scheduler: Scheduler
  readonly #here: PoolThread
  readonly #finder: Finder
  readonly #functions: Functions
  #pump: Fiber | undefined
  /** How many jobs are fibers that have not ended. */
  #fibers = 0
  #mailSeen = 0
  /** What has to be waited for in Node's event loop before the scheduler goes on. */
  #loading: Promise<void> | undefined

  constructor({ pool, thread, libc: plan, backend, definitions }: ThreadData, port: MessagePort) {
    const libc = attachLibc(plan)
    this.#memory = new PoolMemory(pool)
    this.#me = thread
    this.#port = port
    const onWake = (): void => {
      if (this.#pump !== undefined) this.#scheduler.wake(this.#pump)
    }
    const options = backend === undefined ? {} : { backend: backends[backend] }
    const noted = this.#memory.journals[thread]?.over(libc) ?? libc
    this.#scheduler = new Scheduler(noted, { ...options, onWake })
    this.#here = { scheduler: this.#scheduler, libc, thread }
    this.#finder = new Finder(this.#memory, thread, () => this.#tellToLook())
    this.#functions = new Functions(definitions)
  }

  /** Runs until the pool exits. Rejects with what nobody has caught: then this thread is dead. */
  async run(): Promise<void> {
    this.#report({ kind: 'ready', handle: this.#scheduler.wakeHandle() })
    this.#pump = this.#scheduler.spawn(() => this.#work(), 'jobs')
    while (!this.#memory.isExiting) {
      this.#scheduler.run()
      await this.#loading
      this.#loading = undefined
    }
    this.#scheduler.close()
    this.#port.close()
  }

  *#work(): Routine {
    let left = JOBS_BETWEEN_YIELDS
    let slot = this.#finder.begin()
    while (!this.#memory.isExiting) {
      this.#readMail()
      if (slot < 0) slot = this.#finder.next()
      if (slot < 0) {
        yield this.#scheduler.suspend()
        slot = this.#finder.begin()
        continue
      }
      if (this.#memory.table.claim(slot, this.#me)) this.#accept(slot)
      slot = -1
      if (this.#fibers === 0 && this.#loading === undefined && --left > 0) continue
      left = JOBS_BETWEEN_YIELDS
      yield this.#scheduler.yieldNow()
    }
    this.#scheduler.stop()
  }

  #readMail(): void {
    const mail = this.#memory.mail(this.#me)
    if (mail === this.#mailSeen) return
    this.#mailSeen = mail
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: Mail } | undefined
      if (received === undefined) return
      const { message } = received
      if (message.kind === 'define') this.#functions.define(message.definition)
      else this.#begin(message.slot, message.values)
    }
  }

  /** A job is this thread's now: runs it, or sees to what it needs first. */
  #accept(slot: number): void {
    const { table } = this.#memory
    const id = table.functionOf(slot)
    // Its definition was sent before the job, and may have come after the last look.
    if (!this.#functions.isDefined(id)) this.#readMail()
    if (!this.#functions.isLoaded(id)) {
      this.#loading = (this.#loading ?? Promise.resolve()).then(async () => {
        await this.#functions.load(id)
        this.#proceed(slot)
      })
      this.#scheduler.stop()
      return
    }
    this.#proceed(slot)
  }

  #proceed(slot: number): void {
    const values = this.#memory.table.argumentsOf(slot)
    // They were not sent with the job: nobody knew which thread would have it.
    if (values === undefined) this.#report({ kind: 'arguments', slot })
    else this.#begin(slot, values)
  }

  #begin(slot: number, values: readonly unknown[]): void {
    const fn = this.#functions.get(this.#memory.table.functionOf(slot))
    if ('reason' in fn) return this.#refuse(slot, 'no-function', fn.reason)
    this.#memory.table.start(slot, this.#me)
    if (fn.isFiber) this.#spawn(slot, fn, values)
    else this.#call(slot, fn, values)
  }

  #call(slot: number, { call }: JobFunction, values: readonly unknown[]): void {
    let value: unknown
    try {
      value = call(...values)
    } catch (error) {
      return this.#threw(slot, error)
    }
    this.#returned(slot, value)
  }

  #spawn(slot: number, { call, name }: JobFunction, values: readonly unknown[]): void {
    const routine = call(this.#here, ...values) as Routine<unknown>
    this.#fibers++
    this.#scheduler.spawn(() => this.#follow(slot, routine), name)
  }

  *#follow(slot: number, routine: Routine<unknown>): Routine {
    try {
      this.#returned(slot, yield* routine)
    } catch (error) {
      this.#threw(slot, error)
    } finally {
      this.#fibers--
    }
  }

  #returned(slot: number, value: unknown): void {
    if (value === undefined || typeof value === 'number') {
      this.#memory.table.finish(slot, this.#me, value)
      this.#memory.returned[this.#me]?.push(slot)
      return this.#tellToLook()
    }
    if (isThenable(value)) {
      // It is dropped, and so is its error.
      value.then(nothing, nothing)
      return this.#refuse(
        slot,
        'asynchronous',
        'it returned a promise: a job returns a value, or is a generator',
      )
    }
    try {
      this.#tell({ kind: 'result', slot, value })
    } catch (error) {
      this.#refuse(slot, 'not-cloneable', `its result: ${String(error)}`)
    }
  }

  #threw(slot: number, error: unknown): void {
    try {
      this.#tell({ kind: 'threw', slot, error })
    } catch {
      this.#tell({ kind: 'threw', slot, error: new Error(String(error)) })
    }
  }

  #refuse(slot: number, why: Refusal, reason: string): void {
    this.#tell({ kind: 'refused', slot, why, reason })
  }

  /**
   * How a job has ended, by a message. The state comes first: when the message is there, the main thread may have made
   * another job of the slot, which is not this thread's to touch.
   */
  #tell(report: Report & { readonly slot: number }): void {
    this.#memory.table.told(report.slot, this.#me)
    this.#report(report)
  }

  #tellToLook(): void {
    if (this.#memory.notify(this.#me)) this.#report({ kind: 'look' })
  }

  #report(report: Report): void {
    this.#port.postMessage(report)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function nothing(): void {}
