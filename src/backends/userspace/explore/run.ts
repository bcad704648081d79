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
  hasBegun: boolean
}

/** A property that did not hold, in words. */
export type Violation = string

/**
 * What all runs of a program share. It gives every sequence of texts a number of its own, so that digests can be
 * compared, and knows which threads do the same.
 */
export class Common {
  /** For each thread the number of one before it that does the same; -1 where there is none. */
  readonly twins: readonly number[]
  /** By the number of a sequence, those that go on from it, by what comes next. */
  readonly #longer: Map<string, number>[] = [new Map()]

  constructor({ threads }: ExploredProgram) {
    const all = Object.values(threads).map((actions) => JSON.stringify(actions))
    this.twins = all.map((actions, i) => all.slice(0, i).lastIndexOf(actions))
  }

  /** The number of the sequence that a number stands for, with one text more. */
  after(history: number, text: string): number {
    const known = this.#longer[history]?.get(text)
    if (known !== undefined) return known
    const number = this.#longer.length
    this.#longer[history]?.set(text, number)
    this.#longer.push(new Map())
    return number
  }
}

const DONE = 'done'
/** A digest is written in digits of 16 bits: some numbers have two. */
const DIGIT = 16
const LOW = 0xffff
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
  readonly #common: Common
  /** Registrations that there have ever been: of one that is no more, somebody may still be telling. */
  readonly #known: Subscription[] = []
  /** The number of each source's present registration: its data. Every ADD and MOD has another one. */
  readonly #registrations: (number | undefined)[] = []
  /** How many signals the last event of a registration has covered. */
  readonly #covered = new Map<number, number>()
  #lastRegistration = 0

  constructor(program: ExploredProgram, makeState: MakeState, common: Common) {
    const { sources, threads, ready = [], outer } = program
    this.#common = common
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
      this.#known.push(...this.#outer.subscriptions())
    }
    this.#threads = Object.entries(threads).map(([name, actions]) => {
      const thread: Thread = { name, steps: this.#all(actions), next: undefined, said: 0, hasBegun: false }
      this.#advance(thread)
      this.#hear(thread)
      thread.hasBegun = false
      return thread
    })
  }

  /**
   * The threads that can take a step, by their numbers. Of two that do the same, it makes no difference which begins: so
   * the one that is listed first does.
   */
  enabled(): number[] {
    const can: number[] = []
    for (const [i, { next }] of this.#threads.entries()) {
      const twin = this.#threads[this.#common.twins[i] ?? -1]
      if (twin?.hasBegun === false || next === undefined) continue
      if (typeof next === 'string' || next.awake) can.push(i)
    }
    return can
  }

  /** Lets a thread take its next step, and says which one that was. */
  step(index: number): { readonly thread: string; readonly step: Step } {
    const thread = this.#thread(index)
    const step = typeof thread.next === 'string' ? thread.next : 'wake up'
    this.#advance(thread)
    this.#hear(thread)
    this.#checkQueue()
    return { thread: thread.name, step }
  }

  /**
   * Takes steps that were taken before, in another run, and found to be as they must be: so nothing is checked, and what
   * the threads have said by then (`said`) is told and not heard again. Most of an exploration is this.
   */
  retrace(choices: readonly number[], said: readonly number[]): void {
    for (const choice of choices) this.#advance(this.#thread(choice))
    for (const [i, thread] of this.#threads.entries()) thread.said = said[i] ?? 0
  }

  /** What each thread has said so far. */
  get said(): number[] {
    return this.#threads.map(({ said }) => said)
  }

  #thread(index: number): Thread {
    const thread = this.#threads[index]
    if (thread?.next === undefined) throw new TypeError(`thread ${index} has nothing left to do`)
    return thread
  }

  #advance(thread: Thread): void {
    this.running = thread.name
    const { done, value } = thread.steps.next()
    this.running = NOBODY
    thread.hasBegun = true
    thread.next = done === true ? undefined : value
  }

  #hear(thread: Thread): void {
    const { next } = thread
    const said = next === undefined ? DONE : typeof next === 'string' ? next : 'asleep'
    thread.said = this.#common.after(thread.said, said)
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
          const found = state.find(action.source, source)
          if (found?.dataLow !== registration) return
          this.#registrations[action.source] = registration
          if (action.does === 'add') this.#known.push(found)
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
    const digits: number[] = [this.#lastRegistration]
    this.#digestOf(this.state, digits)
    if (this.#outer !== undefined) this.#digestOf(this.#outer, digits)
    for (const { isReadable, signals, seenBy } of this.#sources) {
      digits.push(isReadable ? 1 : 0, signals)
      for (const { name } of this.#threads) digits.push((seenBy.get(name) ?? -1) + 1)
    }
    for (const { said, next } of this.#threads) {
      digits.push(said & LOW, said >>> DIGIT, typeof next === 'object' && next.awake ? 1 : 0)
    }
    return String.fromCharCode(...digits)
  }

  #digestOf(state: EpollState, digits: number[]): void {
    const { queue, notifier } = state
    digits.push(queue.length, notifier.sleepers.length, notifier.hasPermit ? 1 : 0)
    for (let i = 0; i < queue.length; i++) {
      const item = queue.at(i)
      if (item !== undefined) digits.push(item.fd, item.generation, isCurrent(state, item) ? 1 : 0)
    }
    for (const sleeper of notifier.sleepers) {
      digits.push(this.#threads.findIndex(({ next }) => next === sleeper))
    }
    for (const one of this.#known) {
      if (one.state !== state) continue
      const { fd, generation, pending, enqueued, removed, mask, dataLow } = one
      const flags = (enqueued ? 1 : 0) + (removed ? 2 : 0)
      const covered = (this.#covered.get(dataLow) ?? -1) + 1
      digits.push(fd, generation, pending & LOW, pending >>> DIGIT, flags)
      digits.push(mask & LOW, mask >>> DIGIT, dataLow, covered)
    }
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
