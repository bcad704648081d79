/** One run of a small program: its threads, each of which takes a step when it is told to, and what must hold. */
import { EPOLL } from '../../../libc/constants/linux.ts'
import { EventCounter } from '../files/event-counter.ts'
import type { EpollState } from '../machine/epoll-state.ts'
import type { Sleeper } from '../machine/notifier.ts'
import type { Step, Steps } from '../machine/steps.ts'
import type { Subscription } from '../machine/subscription.ts'
import type { Action, ExploredProgram } from './program.ts'

/** Makes the machine that is explored: the real one, or one with a fault. */
export type MakeState = (onStale: (what: string) => void) => EpollState

/** A source that remembers how often it was signalled, and how often that was when each thread looked at it last. */
class Source extends EventCounter {
  signals = 0
  readonly seenBy = new Map<string, number>()
  readonly #run: Run

  constructor(run: Run) {
    super(0n, false, true)
    this.#run = run
  }

  override readiness(): number {
    this.seenBy.set(this.#run.running, this.signals)
    return this.#ready()
  }

  /** The same, seen by nobody: for who checks. */
  #ready(): number {
    return super.readiness()
  }

  get isReadable(): boolean {
    return (this.#ready() & EPOLL.IN) !== 0
  }

  override *signal(): Steps<void> {
    const steps = super.signal()
    // The first step is the change itself.
    yield (steps.next().value ?? '') as Step
    this.signals++
    yield* steps
  }
}

interface Thread {
  readonly name: string
  readonly steps: Generator<Step | Sleeper, void, void>
  /** What it is about to do; undefined when it is done. */
  next: Step | Sleeper | undefined
  /** All that it has said so far, as a number of its own: where it is, and what it knows. */
  said: number
}

/** A property that did not hold, in words. */
export type Violation = string

/** Gives every sequence of texts a number of its own. Shared by all runs whose digests are compared. */
export class Histories {
  readonly #numbers = new Map<string, number>()

  /** The number of the sequence that a number stands for, with one text more. */
  after(history: number, text: string): number {
    const key = `${history} ${text}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#numbers.size + 1)
    return this.#numbers.size
  }
}

const DONE = 'done'
/** The descriptor of the inner instance in the outer one. */
const INNER = 9
/** Nobody in particular: what happens before the threads begin. */
const NOBODY = 'nobody'

export class Run {
  readonly state: EpollState
  /** An instance that watches the other one. */
  readonly #outer: EpollState | undefined
  readonly #neverIdle: boolean
  /** Who takes a step now. */
  running = NOBODY
  violation: Violation | undefined
  readonly #sources: readonly Source[]
  readonly #threads: readonly Thread[]
  readonly #histories: Histories
  /** Registrations that there have ever been: of one that is no more, somebody may still be telling. */
  readonly #known = new Set<Subscription>()
  /** The number of each source's present registration: its data. Every ADD and MOD has another one. */
  readonly #registrations: (number | undefined)[] = []
  /** How many signals the last event of a registration has covered. */
  readonly #covered = new Map<number, number>()
  #lastRegistration = 0

  constructor(program: ExploredProgram, makeState: MakeState, histories: Histories) {
    const { sources, threads, ready = [], outer } = program
    this.#histories = histories
    this.#neverIdle = program.neverIdle === true
    this.state = makeState((what) => this.#violate(what))
    this.#sources = sources.map(() => new Source(this))
    for (const [i, events] of sources.entries()) {
      if (events === undefined) continue
      finish(this.#act({ does: 'add', source: i, events }))
    }
    for (const source of ready) finish(this.#act({ does: 'signal', source }))
    if (outer !== undefined) {
      this.#outer = makeState((what) => this.#violate(what))
      finish(this.#outer.add(INNER, this.state, { events: outer, dataLow: INNER, dataHigh: 0 }))
    }
    this.#threads = Object.entries(threads).map(([name, actions]) => {
      const thread: Thread = { name, steps: this.#all(actions), next: undefined, said: 0 }
      this.#advance(thread)
      return thread
    })
  }

  /** The threads that can take a step, by their numbers. */
  enabled(): number[] {
    const can = ({ next }: Thread): boolean => typeof next === 'string' || (next !== undefined && next.awake)
    return [...this.#threads.keys()].filter((i) => {
      const thread = this.#threads[i]
      return thread !== undefined && can(thread)
    })
  }

  /** Lets a thread take its next step, and says which one that was. */
  step(index: number): { readonly thread: string; readonly step: Step } {
    const thread = this.#threads[index]
    if (thread?.next === undefined) throw new TypeError(`thread ${index} has nothing left to do`)
    const step = typeof thread.next === 'string' ? thread.next : 'wake up'
    this.#advance(thread)
    this.#checkQueue()
    return { thread: thread.name, step }
  }

  #advance(thread: Thread): void {
    this.running = thread.name
    const { done, value } = thread.steps.next()
    this.running = NOBODY
    thread.next = done === true ? undefined : value
    const said = done === true ? DONE : typeof value === 'string' ? value : 'asleep'
    thread.said = this.#histories.after(thread.said, said)
    for (const state of [this.state, this.#outer]) {
      for (const subscription of state?.subscriptions() ?? []) this.#known.add(subscription)
    }
  }

  *#all(actions: readonly Action[]): Generator<Step | Sleeper, void, void> {
    for (const action of actions) yield* this.#act(action)
  }

  *#act(action: Action): Generator<Step | Sleeper, void, void> {
    if (action.does === 'wait' || action.does === 'look') {
      yield* this.#take(action.max, action.does === 'wait')
      return
    }
    if (action.does === 'wait outside') {
      yield* this.#waitOutside()
      return
    }
    const source = this.#sources[action.source]
    if (source === undefined) throw new TypeError(`there is no source ${action.source}`)
    const { state } = this
    switch (action.does) {
      case 'signal':
        yield* source.signal()
        break
      case 'take':
        yield* source.drain()
        break
      case 'remove':
        yield* this.#change(state.remove(action.source, source), () => {
          this.#registrations[action.source] = undefined
        })
        break
      case 'add':
      case 'modify': {
        const registration = ++this.#lastRegistration
        const request = { events: action.events, dataLow: registration, dataHigh: action.source }
        yield* this.#change(state[action.does](action.source, source, request), () => {
          if (state.find(action.source, source)?.dataLow === registration) {
            this.#registrations[action.source] = registration
          }
        })
      }
    }
  }

  /** A change of registrations, whose first step is the change itself, after which `then` is to be known. */
  *#change(steps: Steps<number>, then: () => void): Generator<Step, void, void> {
    const first = steps.next()
    if (first.done === true) return
    yield first.value
    const second = steps.next()
    then()
    if (second.done === true) return
    yield second.value
    yield* steps
  }

  *#take(max: number, waits: boolean): Generator<Step | Sleeper, void, void> {
    const { state } = this
    for (;;) {
      const batch: number[] = []
      const { count, busy } = yield* state.drainReady(max, {
        put: (_, registration, source) => this.#deliver(registration, source, batch),
      })
      if (this.#neverIdle && count === 0 && !busy)
        this.#violate('a look finds nothing, and something was ready')
      if (count > 0 || !waits) return
      yield* sleepAt(state)
    }
  }

  *#waitOutside(): Generator<Step | Sleeper, void, void> {
    const outer = this.#outer
    if (outer === undefined) throw new TypeError('there is no outer instance')
    for (;;) {
      const { count } = yield* outer.drainReady(1, { put: () => true })
      if (count > 0) break
      yield* sleepAt(outer)
    }
    yield* this.#take(1, false)
  }

  #deliver(registration: number, index: number, batch: number[]): boolean {
    if (this.#registrations[index] !== registration) {
      this.#violate(`an event of source ${index} is reported with the data of a registration that is no more`)
    }
    if (batch.includes(index)) this.#violate(`source ${index} is reported twice by one wait`)
    batch.push(index)
    const seen = this.#sources[index]?.seenBy.get(this.running) ?? 0
    this.#covered.set(registration, Math.max(seen, this.#covered.get(registration) ?? 0))
    return true
  }

  #violate(what: string): void {
    this.violation ??= what
  }

  #checkQueue(): void {
    this.#checkQueueOf(this.state)
    if (this.#outer !== undefined) this.#checkQueueOf(this.#outer)
  }

  #checkQueueOf({ queue }: EpollState): void {
    for (let i = 0; i < queue.length; i++) {
      const item = queue.at(i)
      for (let k = i + 1; k < queue.length; k++) {
        if (item !== undefined && queue.at(k) === item) {
          this.#violate(`source ${item.fd} is in the queue twice`)
        }
      }
    }
  }

  /** What must hold when no thread can take a step any more. */
  checkEnd(): void {
    for (const subscription of this.state.subscriptions()) this.#checkRest(subscription)
    const sleepsOutside = (this.#outer?.notifier.sleepers.length ?? 0) > 0
    if (sleepsOutside && this.state.readiness() !== 0) {
      this.#violate('the inner instance is ready, and who waits at the outer one is asleep')
    }
  }

  #checkRest(subscription: Subscription): void {
    const source = this.#sources[subscription.fd]
    if (source?.isReadable !== true || (subscription.mask & EPOLL.IN) === 0) return
    const { fd, isEdge, dataLow, pending } = subscription
    const isCovered = isEdge && (this.#covered.get(dataLow) ?? -1) >= source.signals
    if (isCovered) return
    if (pending === 0 || !this.#isQueued(subscription)) {
      this.#violate(`source ${fd} is ready, was not reported as such, and is not in the queue: it is lost`)
    } else if (this.state.notifier.sleepers.length > 0) {
      this.#violate(`source ${fd} is ready and in the queue, and who waits is asleep`)
    }
  }

  #isQueued({ item }: Subscription): boolean {
    const { queue } = this.state
    for (let i = 0; i < queue.length; i++) if (queue.at(i) === item) return true
    return false
  }

  /** Everything that decides how it goes on: two runs with the same digest have the same future. */
  digest(): string {
    const states = [this.state, ...(this.#outer === undefined ? [] : [this.#outer])]
    const sources = this.#sources.map(({ isReadable, signals, seenBy }) =>
      [isReadable ? 1 : 0, signals, ...this.#threads.map(({ name }) => seenBy.get(name) ?? -1)].join('.'),
    )
    const threads = this.#threads.map(
      ({ said, next }) => `${said}${typeof next === 'object' && next.awake ? '!' : ''}`,
    )
    const parts = [...states.map((state) => this.#digestOf(state)), sources.join(','), threads.join(',')]
    return `${parts.join('|')}|${this.#lastRegistration}`
  }

  #digestOf(state: EpollState): string {
    const { queue, notifier } = state
    const items = Array.from({ length: queue.length }, (_, i) => {
      const item = queue.at(i)
      return `${item?.fd}.${item?.generation}${item !== undefined && isCurrent(state, item) ? '' : '-'}`
    })
    const registrations = [...this.#known].map((one) => {
      if (one.state !== state) return ''
      const { fd, generation, pending, enqueued, removed, mask, dataLow } = one
      const flags = (enqueued ? 1 : 0) + (removed ? 2 : 0)
      return `${fd}.${generation}.${pending}.${flags}.${mask}.${dataLow}.${this.#covered.get(dataLow) ?? -1}`
    })
    const asleep = notifier.sleepers.map((sleeper) => this.#threads.findIndex(({ next }) => next === sleeper))
    return [items, registrations, asleep, [notifier.hasPermit ? 1 : 0]]
      .map((part) => part.join(','))
      .join(';')
  }
}

function isCurrent(state: EpollState, item: Subscription['item']): boolean {
  return state.find(item.fd, item.file)?.item === item
}

function* sleepAt({ notifier }: EpollState): Generator<Step | Sleeper, void, void> {
  yield 'go to sleep'
  const sleeper = notifier.sleep()
  while (!sleeper.awake) yield sleeper
}

/** Takes all steps at once: before the threads begin there is nobody else. */
function finish(steps: Generator<unknown, unknown, void>): void {
  while (steps.next().done !== true);
}
