/** Fibers, which are generators, and what is known of each. */
import type { WaitQueue } from './wait-queue.ts'

/** What the calls that wait return, to be yielded at once: `yield scheduler.sleep(5)`. */
export interface Parked {
  readonly parked: true
}

/** The only one. */
export const PARKED: Parked = { parked: true }

/**
 * Why a fiber goes on: what `yield` gives it.
 *
 * - `YIELDED`: it had only given way.
 * - `WOKEN`: somebody called `wake`. What it waited for has not happened, and is waited for no more.
 * - `TIME`: its time has come.
 * - `READY`: its descriptor is ready, its task has ended, its queue was served.
 */
export const Wakeup = { YIELDED: 0, WOKEN: 1, TIME: 2, READY: 3 } as const
export type Wakeup = (typeof Wakeup)[keyof typeof Wakeup]

/** Something that a fiber does, and in which it may wait: its parts are called with `yield*`. */
export type Routine<T = void> = Generator<Parked, T, Wakeup>

/**
 * What a fiber does from its start to its end: a generator function, which is called when the fiber starts. Who makes
 * many writes one generator function, and gives each fiber an arrow function that calls it (`() => serve(stream)`): of a
 * `function*` in a loop, V8 makes each a prototype and a hidden class when it is called first, which takes a microsecond
 * more, several times as long as all else of a fiber.
 */
export type FiberBody<T = void> = () => Routine<T>

/** The same, or a plain function, of a fiber that never waits. */
export type Work<T> = FiberBody<T> | (() => T)

/** In the ready queue; running; waiting for a wake; ended; running, and about to give way. */
export const State = { READY: 0, RUNNING: 1, SUSPENDED: 2, DONE: 3, YIELDING: 4 } as const

const stateNames = ['ready', 'running', 'suspended', 'done', 'running'] as const

/** What is told when a fiber ends, and how. */
export interface Completion {
  settle(value: unknown): void
  fail(error: unknown): void
  /** It was ended from outside. */
  cancel(): void
}

/**
 * One fiber. Everything that may hold it has its place in here, links of lists and the place among the timers, so that
 * parking and waking allocate nothing, and leaving any of them takes constant time (timers: logarithmic).
 */
export class Fiber {
  // Declared, and assigned by the constructor alone: fields that are defined one by one make spawning half as slow again.
  declare readonly id: number
  /** Whose it is. */
  declare readonly home: object
  declare readonly givenName: string | undefined
  /** For the runtime alone, as all that follows. */
  declare status: number
  declare body: Work<unknown> | null
  declare routine: Routine<unknown> | null
  declare completion: Completion | null
  declare wakeup: Wakeup
  /** The next one in the ready queue. */
  declare next: Fiber | null
  /** All that are alive. */
  declare older: Fiber | null
  declare younger: Fiber | null
  /** The queue that it waits in, and its neighbours there. */
  declare queue: WaitQueue | null
  declare ahead: Fiber | null
  declare behind: Fiber | null
  /** When it is to be woken at the latest, how many timers were set before, and where it stands among them. */
  declare deadlineMs: number
  declare order: number
  declare place: number

  constructor(id: number, home: object, body: Work<unknown>, name: string | undefined) {
    this.id = id
    this.home = home
    this.givenName = name
    this.status = State.READY
    this.body = body
    this.routine = null
    this.completion = null
    this.wakeup = Wakeup.YIELDED
    this.next = null
    this.older = null
    this.younger = null
    this.queue = null
    this.ahead = null
    this.behind = null
    this.deadlineMs = 0
    this.order = 0
    this.place = -1
  }

  get name(): string {
    return this.givenName ?? `fiber ${this.id}`
  }

  get state(): 'ready' | 'running' | 'suspended' | 'done' {
    return stateNames[this.status] ?? 'done'
  }

  /** Makes it do nothing when it starts, if it has not started yet. */
  skip(): void {
    if (this.body !== null) this.body = nothing
  }

  /** For the scheduler: runs it until it waits, gives way or ends. */
  proceed(): IteratorResult<Parked, unknown> {
    if (this.routine !== null) return this.routine.next(this.wakeup)
    const { body } = this
    this.body = null
    const made = body?.()
    if (!isRoutine(made)) return { done: true, value: made }
    this.routine = made
    return made.next(Wakeup.YIELDED)
  }

  /** What it waits for, in words. Of interest where it is suspended. */
  get waitsFor(): string {
    const timer = this.place >= 0 ? `until ${this.deadlineMs} ms` : ''
    if (this.queue === null) return timer === '' ? 'suspend' : `sleep ${timer}`
    return `${this.queue.label}${timer === '' ? '' : ` ${timer}`}`
  }

  /** How an error says where it is: number and name. */
  toString(): string {
    return this.givenName === undefined ? this.name : `fiber ${this.id} (${this.givenName})`
  }
}

function nothing(): void {}

/** What all generators of this realm inherit from. */
const generators: unknown = Object.getPrototypeOf(function* () {}.prototype)

/** Whether work that was called turned out to be a generator, which is to be run, and not a result. */
export function isRoutine(made: unknown): made is Routine<unknown> {
  if (typeof made !== 'object' || made === null) return false
  const own: unknown = Object.getPrototypeOf(made)
  if (own !== null && Object.getPrototypeOf(own) === generators) return true
  // One of another realm.
  return Object.prototype.toString.call(made) === '[object Generator]'
}
