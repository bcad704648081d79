/** One thread of a pool, from within: it finds jobs, and runs them between the fibers of its scheduler. */
import { receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { backends } from '../../backends/index.ts'
import { attachLibc, guardCalls } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import type { Fiber, Routine } from '../fiber.ts'
import { Scheduler } from '../scheduler.ts'
import { ArgumentStore } from './argument-store.ts'
import { Finder } from './finder.ts'
import { Functions } from './functions.ts'
import type { JobFunction } from './functions.ts'
import type { Gate } from './gate.ts'
import { Outcomes } from './outcomes.ts'
import { NONE } from './shared-ring.ts'
import { Inbox, PoolMemory } from './shared.ts'
import type { Mail, ThreadData } from './messages.ts'

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

/** Whether the pool exits is looked at so often while a module is loaded: no wake is heard then. */
const MS_BETWEEN_LOOKS = 20

export class Thread {
  readonly #memory: PoolMemory
  readonly #me: number
  readonly #port: MessagePort
  readonly #scheduler: Scheduler
  readonly #here: PoolThread
  readonly #finder: Finder
  readonly #functions: Functions
  readonly #arguments: ArgumentStore
  readonly #outcomes: Outcomes
  readonly #gate: Gate
  #pump: Fiber | undefined
  /** Whether the pump waits for a job, and not for what a job needs. */
  #wantsJob = false
  /** What was found for it meanwhile. */
  #found = NONE
  /** How many jobs are fibers that have not ended. */
  #fibers = 0
  #mailSeen = 0
  /** What has to be waited for in Node's event loop before the scheduler goes on. */
  #loading: Promise<void> | undefined

  constructor({ pool, thread, libc: plan, backend, definitions }: ThreadData, port: MessagePort) {
    const memory = new PoolMemory(pool)
    const gate = memory.gates[thread]
    if (gate === undefined) throw new RangeError(`the pool has no thread ${thread}`)
    this.#gate = gate
    guardCalls({ before: () => gate.guard(), after: () => gate.unguard() })
    const libc = attachLibc(plan)
    this.#memory = memory
    this.#me = thread
    this.#port = port
    const onWake = (): void => {
      if (this.#pump !== undefined && !this.#wantsJob) this.#scheduler.wake(this.#pump)
    }
    const noted = memory.journals[thread]?.over(libc) ?? libc
    this.#scheduler = new Scheduler(noted, {
      backend: backends[backend],
      onWake,
      beforeWait: () => this.#sleeps(),
      afterWait: (isIdle) => this.#awakes(isIdle),
    })
    this.#here = { scheduler: this.#scheduler, libc, thread }
    this.#outcomes = new Outcomes(memory, thread, port)
    this.#finder = new Finder(memory, thread, () => this.#outcomes.tellToLook())
    this.#arguments = new ArgumentStore(memory.table)
    this.#functions = new Functions(definitions)
  }

  /** Runs until the pool exits. Rejects with what nobody has caught: then this thread is dead. */
  async run(): Promise<void> {
    this.#outcomes.report({ kind: 'ready', handle: this.#scheduler.wakeHandle() })
    this.#gate.unguard()
    this.#pump = this.#scheduler.spawn(() => this.#work(), 'jobs')
    while (!this.#memory.isExiting) {
      this.#scheduler.run()
      if (this.#loading === undefined) continue
      await this.#unlessExiting(this.#loading)
      this.#loading = undefined
      this.#gate.unguard()
    }
    this.#gate.guard()
    this.#gate.shut()
    this.#scheduler.close()
    this.#port.close()
  }

  /** Waits for a module, which may take for ever, but not longer than the pool is there. */
  async #unlessExiting(loading: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const exiting = new Promise<void>((resolve) => {
      timer = setInterval(() => {
        if (this.#memory.isExiting) resolve()
      }, MS_BETWEEN_LOOKS)
    })
    // Where nothing is left that could finish the module, the thread ends, and its job learns of that.
    timer?.unref()
    await Promise.race([loading, exiting])
    clearInterval(timer)
  }

  *#work(): Routine {
    const { table } = this.#memory
    let left = JOBS_BETWEEN_YIELDS
    let slot = this.#finder.begin()
    while (!this.#memory.isExiting) {
      if (slot === NONE) slot = this.#finder.next()
      if (slot === NONE) {
        this.#arguments.clear()
        this.#wantsJob = true
        yield this.#scheduler.suspend()
        slot = this.#found
        this.#found = NONE
        continue
      }
      if (table.claim(slot, this.#me)) {
        const id = table.functionOf(slot)
        if (!this.#functions.isLoaded(id)) yield* this.#load(id)
        const values = table.argumentsOf(slot) ?? this.#arguments.take(slot) ?? (yield* this.#ask(slot))
        if (values === undefined) break
        this.#begin(slot, id, values)
      }
      slot = NONE
      // Who was made a fiber just now starts before the next job does, which may keep the thread for long.
      if (this.#fibers === 0 && --left > 0) continue
      left = JOBS_BETWEEN_YIELDS
      yield this.#scheduler.yieldNow()
    }
    this.#scheduler.stop()
  }

  /** Nothing runs here now, fibers neither: this thread may be given a job. */
  #sleeps(): void {
    if (!this.#wantsJob || this.#memory.isExiting) return
    const slot = this.#finder.nextOrIdle()
    if (slot !== NONE) this.#rouse(slot)
  }

  /**
   * Before anything runs here, which may keep this thread for long: no job comes that would have to wait for it. Where
   * nothing has come, the thread is idle all the time.
   */
  #awakes(isIdle: boolean): void {
    if (!this.#wantsJob) return
    const isAsked = this.#memory.inbox(this.#me) !== Inbox.IDLE
    const given = isAsked || !isIdle ? this.#finder.begin() : NONE
    if (isAsked || given !== NONE || this.#memory.isExiting) this.#rouse(given)
  }

  /** Lets the pump go on, with a job, or to look for one. */
  #rouse(slot: number): void {
    // From now on it is as good as running: nothing more is found for it.
    this.#wantsJob = false
    this.#found = slot
    if (this.#pump !== undefined) this.#scheduler.wake(this.#pump)
  }

  /** Lets Node's event loop load the module of a function, which nothing else here could do. */
  *#load(id: number): Routine {
    // Its definition was sent before the job.
    this.#readMail()
    // Node would leave the file open that it reads.
    this.#gate.guard()
    this.#loading = this.#functions.load(id)
    this.#scheduler.stop()
    yield this.#scheduler.yieldNow()
  }

  /**
   * The arguments of a job that is this thread's now. They were not sent with it: nobody knew which thread would have
   * it. No other job begins until they are here, because that one could keep this one from ever beginning. Undefined:
   * the pool exits.
   */
  *#ask(slot: number): Routine<readonly unknown[] | undefined> {
    const queued = this.#memory.queues[this.#me]?.peek() ?? []
    this.#outcomes.report({ kind: 'arguments', slots: [slot, ...this.#arguments.lacking(queued)] })
    for (;;) {
      this.#readMail()
      const values = this.#arguments.take(slot)
      if (values !== undefined || this.#memory.isExiting) return values
      yield this.#scheduler.suspend()
    }
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
      else this.#arguments.keep(message.jobs)
    }
  }

  #begin(slot: number, id: number, values: readonly unknown[]): void {
    const fn = this.#functions.get(id)
    if ('reason' in fn) return this.#outcomes.refuse(slot, 'no-function', fn.reason)
    this.#memory.table.start(slot, this.#me)
    if (fn.isFiber) this.#spawn(slot, fn, values)
    else this.#call(slot, fn, values)
  }

  #call(slot: number, { call }: JobFunction, values: readonly unknown[]): void {
    let value: unknown
    try {
      value = call(...values)
    } catch (error) {
      return this.#outcomes.threw(slot, error)
    }
    this.#outcomes.returned(slot, value)
  }

  #spawn(slot: number, fn: JobFunction, values: readonly unknown[]): void {
    this.#fibers++
    this.#scheduler.spawn(() => this.#follow(slot, fn, values), fn.name)
  }

  *#follow(slot: number, { call }: JobFunction, values: readonly unknown[]): Routine {
    try {
      this.#outcomes.returned(slot, yield* call(this.#here, ...values) as Routine<unknown>)
    } catch (error) {
      this.#outcomes.threw(slot, error)
    } finally {
      this.#fibers--
    }
  }
}
