import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { entryPoint } from '../../entry-point.ts'
import { missingFunction } from '../../libc/libc.ts'
import type { LibcPlan } from '../../libc/libc.ts'
import type { Job, JobError, JobResult, ThreadData } from './job.ts'
import { MESSAGE_OFFSET, SHARED_SIZE, State, Word } from './job.ts'

/** How long a thread may take to start, or to come to rest in a call, before that is an error. */
const PATIENCE_MS = 10_000

/** How long to let a thread go to sleep where the kernel does not tell whether it does. */
const SETTLE_MS = 50

/** Sleeps without turning the event loop. */
export function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** A real thread that makes native calls on request. Used from the main thread, synchronously. */
export class WaiterThread {
  readonly #plan: LibcPlan
  readonly #worker: Worker
  readonly #control: Int32Array
  readonly #message: Uint8Array

  constructor(plan: LibcPlan) {
    this.#plan = plan
    const shared = new SharedArrayBuffer(SHARED_SIZE)
    this.#control = new Int32Array(shared, 0, MESSAGE_OFFSET / 4)
    this.#message = new Uint8Array(shared, MESSAGE_OFFSET)
    const workerData: ThreadData = { plan, shared }
    this.#worker = new Worker(entryPoint('src/conformance/threads/thread-main'), { workerData })
    this.#worker.unref()
  }

  /** Waits until the thread has loaded its functions. */
  ready(): void {
    this.#leave(State.STARTING, PATIENCE_MS, 'start')
  }

  /** Hands a job over; the thread starts at once. Throws `UnsupportedError` for a function that is missing. */
  post(job: Job): void {
    for (const { fn } of job.calls) {
      if (this.#plan.bindings[fn] === undefined) throw missingFunction(fn)
    }
    const text = Buffer.from(JSON.stringify(job))
    this.#message.set(text)
    this.#control[Word.LENGTH] = text.length
    Atomics.store(this.#control, Word.STOP, 0)
    this.#publish(State.POSTED)
  }

  /** Asks the running job to end after its present round. */
  stop(): void {
    Atomics.store(this.#control, Word.STOP, 1)
  }

  /** What the kernel knows the thread by: where a signal is sent to. Undefined where it cannot be asked. */
  get tid(): number | undefined {
    const tid = this.#control[Word.TID]
    return tid === 0 ? undefined : tid
  }

  /** No job is running, and none has ended whose result was not taken. */
  get isIdle(): boolean {
    return Atomics.load(this.#control, Word.STATE) === State.IDLE
  }

  get isDone(): boolean {
    return Atomics.load(this.#control, Word.STATE) === State.DONE
  }

  /**
   * Waits until the thread sleeps inside its native call; false if the call returned instead. The kernel
   * tells through /proc: the thread's state, and in which system call it is. Where that cannot be read, a
   * pause has to do.
   */
  waitUntilBlocked(): boolean {
    this.#leave(State.POSTED, PATIENCE_MS, 'begin its call')
    const deadline = performance.now() + PATIENCE_MS
    let rests = 0
    while (!this.isDone && performance.now() < deadline) {
      const sleeps = this.#sleepsInCall()
      if (sleeps === undefined) {
        sleepSync(SETTLE_MS)
        return !this.isDone
      }
      rests = sleeps ? rests + 1 : 0
      // Twice in a row: between its last instruction and the call it may sleep for a moment on a lock.
      if (rests === 2) return !this.isDone
      sleepSync(1)
    }
    return false
  }

  /** Waits for the job to end; undefined if it does not within the time. Throws what the thread threw. */
  join(timeoutMs: number): JobResult | undefined {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const state = Atomics.load(this.#control, Word.STATE)
      if (state === State.DONE) break
      const left = deadline - performance.now()
      if (left <= 0) return undefined
      Atomics.wait(this.#control, Word.STATE, state, left)
    }
    const text = Buffer.from(this.#message.slice(0, this.#control[Word.LENGTH])).toString('utf8')
    this.#publish(State.IDLE)
    const answer = JSON.parse(text) as JobResult | JobError
    if ('error' in answer) throw new Error(`a waiter thread failed: ${answer.error}`)
    return answer
  }

  /** Ends the thread. It must not be inside a call that does not return by itself. */
  exit(): void {
    this.#publish(State.EXIT)
  }

  /** Whether the thread sleeps in a system call other than its own waiting for work; undefined: unknown. */
  #sleepsInCall(): boolean | undefined {
    const directory = `/proc/self/task/${this.#control[Word.TID]}`
    try {
      const stat = readFileSync(`${directory}/stat`, 'utf8')
      // The name, in parentheses, may hold anything, parentheses included.
      const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
      return state === 'S'
    } catch {
      return undefined
    }
  }

  #leave(state: number, timeoutMs: number, what: string): void {
    const deadline = performance.now() + timeoutMs
    while (Atomics.load(this.#control, Word.STATE) === state) {
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`a waiter thread did not ${what} within ${timeoutMs} ms`)
      Atomics.wait(this.#control, Word.STATE, state, left)
    }
  }

  #publish(state: number): void {
    Atomics.store(this.#control, Word.STATE, state)
    Atomics.notify(this.#control, Word.STATE)
  }
}

/** Threads that are started once and used by one check after another. */
export class ThreadPool {
  readonly #threads: WaiterThread[]
  readonly #free: WaiterThread[]

  get size(): number {
    return this.#threads.length
  }

  /** Starts them all, side by side, and waits until all are ready. */
  constructor(plan: LibcPlan, size: number) {
    this.#threads = Array.from({ length: size }, () => new WaiterThread(plan))
    for (const thread of this.#threads) thread.ready()
    this.#free = [...this.#threads]
  }

  acquire(): WaiterThread {
    const thread = this.#free.pop()
    if (thread === undefined) throw new Error('the pool has no thread that is free')
    return thread
  }

  /** Takes a thread back. Its job must have ended. */
  release(thread: WaiterThread): void {
    this.#free.push(thread)
  }

  exit(): void {
    for (const thread of this.#threads) thread.exit()
  }
}
