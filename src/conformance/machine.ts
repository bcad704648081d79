import type { Poller } from '../backends/backend.ts'
import type { BackendName } from '../backends/index.ts'
import { UnsupportedError } from '../errors.ts'
import { lastError } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import type { Ring } from '../libc/ring.ts'
import type { EventLoop } from '../loop/event-loop.ts'
import { Failure } from './check.ts'
import { describeStep } from './describe-step.ts'
import { Labels } from './labels.ts'
import { LONGEST_WAIT_MS } from './patience.ts'
import { operations } from './operations/index.ts'
import { prepare } from './operations/native.ts'
import type { PendingStep } from './operations/native.ts'
import type { PeerProcess } from './peer-process.ts'
import type { RingUse } from './rings/use.ts'
import type { NativeStep, Step } from './steps.ts'
import type { ThreadPool, WaiterThread } from './threads/thread-pool.ts'
import type { Waiters } from './threads/waiters.ts'

/** A thread and the step that it makes. */
interface RunningThread {
  readonly thread: WaiterThread
  readonly pending: PendingStep
}

export interface MachineOptions {
  readonly pool?: ThreadPool | undefined
  /** How many threads there may be at once. Default: as many as the pool has. */
  readonly threads?: number | undefined
  readonly onStep?: ((step: string) => void) | undefined
}

/**
 * Runs steps: the interpreter of scenarios, and the hands of checks that are functions. It owns everything
 * that the steps make, and `close` undoes all of it, however the steps ended.
 */
export class Machine {
  readonly libc: Libc
  readonly backend: BackendName
  readonly labels = new Labels()
  readonly pollers = new Map<string, Poller>()
  readonly loops = new Map<string, EventLoop>()
  readonly peers = new Map<string, PeerProcess>()
  readonly waiters = new Map<string, Waiters>()
  readonly rings = new Map<string, Ring>()
  /** Rings that are checked themselves. */
  readonly ringUses = new Map<string, RingUse>()
  /** Directories that steps have made, by name. */
  readonly paths = new Map<string, string>()
  /** Processes that steps have forked and not reaped, by name: their numbers. */
  readonly processes = new Map<string, number>()
  /** What is to be undone at the end besides descriptors, last first. */
  readonly cleanups: (() => void)[] = []
  /** What a check wants to say of a run that passed: how many rounds a race had. */
  note: string | undefined
  readonly #pool: ThreadPool | undefined
  readonly #mostThreads: number
  readonly #numbers = new Map<string, number>()
  readonly #threads = new Map<string, RunningThread>()
  readonly #open = new Set<string>()
  readonly #acquired: WaiterThread[] = []
  readonly #kept: object[] = []
  readonly #onStep: ((step: string) => void) | undefined
  #count = 0
  #current = ''

  constructor(libc: Libc, backend: BackendName, options: MachineOptions = {}) {
    this.libc = libc
    this.backend = backend
    this.#pool = options.pool
    this.#mostThreads = options.threads ?? options.pool?.size ?? 0
    this.#onStep = options.onStep
  }

  /** The step that is running, or ran last, in words. */
  get currentStep(): string {
    return this.#current
  }

  /** Runs steps in order. Throws `Failure`, or `SystemError` where a set-up step does not succeed. */
  run(...steps: readonly Step[]): void {
    for (const step of steps) {
      this.begin(describeStep(step))
      const operation = operations[step.op] as (machine: this, step: Step) => void
      operation(this, step)
    }
  }

  /** Names what follows as a step: for checks that are functions. */
  begin(description: string): void {
    this.#current = `step ${++this.#count}: ${description}`
    this.#onStep?.(this.#current)
  }

  /** Fails the check unless the two are equal. */
  expect(actual: number | string | bigint, expected: number | string | bigint, what: string): void {
    if (actual !== expected) throw new Failure(`${what}: ${expected}`, `${what}: ${actual}`)
  }

  /** Binds a descriptor to a name; it is closed at the end unless a step closes it before. */
  bind(name: string, fd: number): void {
    if (this.#open.has(name)) {
      this.libc.fn.close(fd)
      throw new TypeError(`the scenario already has a descriptor ${name}`)
    }
    this.#numbers.set(name, fd)
    this.#open.add(name)
  }

  /** The number behind a name, also after it was closed: a check of lifetimes needs just that. */
  fd(name: string): number {
    const fd = this.#numbers.get(name)
    if (fd === undefined) throw new TypeError(`the scenario has no descriptor ${name}`)
    return fd
  }

  /** The name of a descriptor number: of one that is open, or else of one that was. */
  nameOf(fd: number): string | undefined {
    const names = [...this.#numbers].filter(([, number]) => number === fd).map(([name]) => name)
    return names.find((name) => this.#open.has(name)) ?? names.at(-1)
  }

  /** The numbers of all descriptors that are open. */
  get openNumbers(): number[] {
    return [...this.#open].map((name) => this.fd(name))
  }

  closeFd(name: string): void {
    this.#open.delete(name)
    if (this.libc.fn.close(this.fd(name)) === -1) throw lastError(this.libc, 'close', name)
  }

  /** Closes a descriptor, unless the scenario has. */
  closeIfOpen(name: string): void {
    if (this.#open.has(name)) this.closeFd(name)
  }

  /** Closes all descriptors of the scenario so far. */
  closeAll(): void {
    for (const name of [...this.#open].reverse()) this.closeFd(name)
  }

  /** Gives a descriptor up without closing it: something else has closed it, or will. */
  forget(name: string): void {
    this.#open.delete(name)
  }

  /** Starts a native step in a thread: the one that has the name, if its last step was joined, or another. */
  start(name: string, step: NativeStep): void {
    const earlier = this.#threads.get(name)?.thread
    if (earlier?.isIdle === false) throw new TypeError(`the thread ${name} has a step that was not joined`)
    const thread = earlier ?? this.acquireThread()
    const pending = prepare(this, step)
    this.#threads.set(name, { thread, pending })
    thread.post({ calls: [pending.invocation], rounds: 1 })
  }

  /** A thread that was started under a name. */
  thread(name: string): RunningThread {
    const running = this.#threads.get(name)
    if (running === undefined) throw new TypeError(`the scenario has no thread ${name}`)
    return running
  }

  /** A thread for a check that posts jobs of its own. It goes back to the pool at the end. */
  acquireThread(): WaiterThread {
    if (this.#pool === undefined) throw new UnsupportedError('threads', 'this run has no thread pool')
    if (this.#acquired.length >= this.#mostThreads) {
      throw new TypeError('the check uses more threads than it declares')
    }
    const thread = this.#pool.acquire()
    this.#acquired.push(thread)
    return thread
  }

  /** Gives back before the end what `acquireThread` gave, for another thread of the same check. It must be idle. */
  giveThreadBack(thread: WaiterThread): void {
    this.#acquired.splice(this.#acquired.indexOf(thread), 1)
    this.#pool?.release(thread)
  }

  /** Keeps memory alive until the end: another thread may still use its address. */
  keep(held: object): void {
    this.#kept.push(held)
  }

  /** Undoes everything once, whatever fails on the way; the first failure is thrown at the end. */
  close(): void {
    this.begin('close what is open')
    const undo: (() => void)[] = [
      ...[...this.#open].map((name) => () => this.closeIfOpen(name)),
      ...[...this.pollers.values()].map((poller) => () => poller.close()),
      ...[...this.loops.values()].map((loop) => () => loop.close()),
      ...this.cleanups.splice(0),
      ...this.#acquired.splice(0).map((thread) => () => this.#giveBack(thread)),
    ]
    const failures: unknown[] = []
    for (const action of undo.reverse()) {
      try {
        action()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  #giveBack(thread: WaiterThread): void {
    thread.stop()
    // A check that failed may leave its waiters waiting; their waits are bounded, and so is this.
    if (!thread.isIdle && thread.join(LONGEST_WAIT_MS) === undefined) {
      throw new Failure('every thread returns from its call', 'a thread is still in its call')
    }
    this.#pool?.release(thread)
  }
}
