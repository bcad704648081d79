import { sleepSync } from '../../sleep.ts'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { entryPoint } from '../../entry-point.ts'
import { syscallNumbers } from '../../libc/constants/syscalls.ts'
import { missingFunction } from '../../libc/libc.ts'
import type { LibcPlan } from '../../libc/libc.ts'
import type { Job, JobError, JobResult, ThreadData } from './job.ts'
import { MESSAGE_OFFSET, SHARED_SIZE, State, Word } from './job.ts'

/** How long a thread may take to start, or to come to rest in a call, before that is an error. */
const PATIENCE_MS = 10_000

/** How long to let threads go to sleep where the kernel does not tell whether they do. */
const BLIND_SETTLE_MS = 50

/** Seen asleep so often in a row, a thread is asleep in its call. */
const RESTS = 2

/** How long to wait between two looks: less where the kernel tells that what a thread sleeps in is its call. */
const LOOK_AGAIN_MS = 1
const LOOK_AGAIN_SOON_MS = 0.2

/**
 * The same for a thread that sleeps on a lock. That may be how a library waits, but also what it does for a moment
 * before its call.
 */
const RESTS_ON_LOCK = 15

/**
 * A thread that has used so much of a CPU, and has not come back, waits in its call too, without sleeping. Whether
 * that is right is for a check of CPU time to say; the others find it as blocked as it will ever be. It is not told
 * by the clock, because on a busy machine a thread may be ready to run for long and not get its turn.
 */
const SPINNING_CPU_MS = 50

/** The unit of CPU time in /proc: USER_HZ is 100 on every architecture that evloop knows. */
const MS_PER_TICK = 10

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
    this.#worker = new Worker(entryPoint('src/conformance/threads/thread-main', 'cjs'), { workerData })
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

  /** Waits until the thread is about to make its first call. */
  waitUntilCalling(): void {
    this.#leave(State.POSTED, PATIENCE_MS, 'begin its call')
  }

  /** Waits until the thread sleeps inside its native call; false if the call returned instead. */
  waitUntilBlocked(): boolean {
    return waitUntilBlocked([this])[0] === true
  }

  /** What the kernel says that the thread is doing. */
  state(): 'running' | 'asleep in a call' | 'asleep' | 'on a lock' | 'unknown' {
    const [state] = this.#stat()
    if (state === undefined) return 'unknown'
    if (state !== 'S') return 'running'
    const [call] = this.#proc('syscall').split(' ')
    if (call === undefined || call === '') return 'asleep'
    return call === String(syscallNumbers()?.futex) ? 'on a lock' : 'asleep in a call'
  }

  /** How much time of a CPU the thread has used; 0 where the kernel does not tell. */
  cpuMs(): number {
    const fields = this.#stat()
    // In user and in kernel mode: fields 14 and 15, of which the state is the third.
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MS_PER_TICK
  }

  /** What the kernel says of the thread, from its state on; nothing where it cannot be asked. */
  #stat(): string[] {
    const stat = this.#proc('stat')
    // The name, in parentheses, may hold anything, parentheses included.
    return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  }

  #proc(file: string): string {
    try {
      return readFileSync(`/proc/self/task/${this.#control[Word.TID]}/${file}`, 'utf8')
    } catch {
      return ''
    }
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

/**
 * Waits until each of these threads sleeps in its native call, or has come back from it; says of each whether it
 * sleeps. The kernel tells through /proc: a thread's state, and in which system call it is. Where that cannot be
 * read, a pause has to do.
 */
export function waitUntilBlocked(threads: readonly WaiterThread[]): boolean[] {
  for (const thread of threads) thread.waitUntilCalling()
  const deadline = performance.now() + PATIENCE_MS
  const rests = threads.map(() => 0)
  const cpuMs = threads.map((thread) => thread.cpuMs())
  for (;;) {
    const states = threads.map((thread) => (thread.isDone ? 'done' : thread.state()))
    if (states.includes('unknown')) {
      sleepSync(BLIND_SETTLE_MS)
      return threads.map((thread) => !thread.isDone)
    }
    for (const [i, state] of states.entries()) rests[i] = state === 'running' ? 0 : (rests[i] ?? 0) + 1
    const settled = states.every((state, i) => {
      if (state === 'done') return true
      if (state === 'running') return (threads[i]?.cpuMs() ?? 0) - (cpuMs[i] ?? 0) >= SPINNING_CPU_MS
      return (rests[i] ?? 0) >= (state === 'on a lock' ? RESTS_ON_LOCK : RESTS)
    })
    if (settled) return threads.map((thread) => !thread.isDone)
    if (performance.now() > deadline) return threads.map(() => false)
    // To fall asleep takes a thread far less than a millisecond, unless it is for a lock.
    const isSoon = states.every((state) => state !== 'asleep' && state !== 'on a lock')
    sleepSync(isSoon ? LOOK_AGAIN_SOON_MS : LOOK_AGAIN_MS)
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
