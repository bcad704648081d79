/** One run of a small program: its threads, each of which takes a step when it is told to, and what must hold. */
import type { EpollState } from '../machine/epoll-state.ts'
import type { Sleeper } from '../machine/notifier.ts'
import type { Step, Steps } from '../machine/steps.ts'
import type { Subscription } from '../machine/subscription.ts'
import type { Common } from './common.ts'
import type { Action, ExploredProgram } from './program.ts'
import { Rules } from './rules.ts'
import type { Violation } from './rules.ts'
import { Source } from './source.ts'

/** Makes the machine that is explored: the real one, or one with a fault. */
export type MakeState = (onStale: (what: Violation) => void) => EpollState

interface Thread {
  readonly name: string
  readonly steps: Generator<Step | Sleeper, void, void>
  /** What it is about to do; undefined when it is done. */
  next: Step | Sleeper | undefined
  /** All that it has said so far, as a number of its own: where it is, and what it knows. */
  said: number
  hasBegun: boolean
}

const DONE = 'done'
/** A digest is written in digits of 16 bits: some numbers have two. */
const DIGIT = 16
const LOW = 0xffff
/** The descriptor of the inner instance in the outer one. */
const INNER = 9
/** What the rival's registration is, in the place of the number of a source. */
const RIVALS = 8
/** Nobody in particular: what happens before the threads begin. */
const NOBODY = 'nobody'

export class Run {
  readonly state: EpollState
  /** An instance that watches the other one. */
  readonly #outer: EpollState | undefined
  /** An instance that watches the first source too. */
  readonly #rival: EpollState | undefined
  readonly #neverIdle: boolean
  /** Who takes a step now. */
  running = NOBODY
  readonly #rules: Rules
  readonly #sources: readonly Source[]
  readonly #threads: readonly Thread[]
  readonly #common: Common
  /** Registrations that there have ever been: of one that is no more, somebody may still be telling. */
  readonly #known: Subscription[] = []

  constructor(program: ExploredProgram, makeState: MakeState, common: Common) {
    const { sources, threads, ready = [], outer, rival } = program
    this.#common = common
    this.#neverIdle = program.neverIdle === true
    this.#sources = sources.map(() => new Source(() => this.running))
    this.#rules = new Rules(this.#sources)
    const make = (): EpollState => makeState((what) => this.#rules.violate(what))
    this.state = make()
    for (const [i, events] of sources.entries()) {
      if (events === undefined) continue
      finish(this.#act({ does: 'add', source: i, events }))
    }
    if (rival !== undefined) {
      this.#rival = make()
      this.#watchAtRival(this.#rival, rival)
    }
    for (const source of ready) finish(this.#act({ does: 'signal', source }))
    if (outer !== undefined) {
      this.#outer = make()
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

  #watchAtRival(rival: EpollState, events: number): void {
    const [source] = this.#sources
    if (source === undefined) throw new TypeError('there is nothing for a rival')
    const registration = this.#rules.number(events)
    finish(rival.add(0, source, { events, dataLow: registration, dataHigh: RIVALS }))
    this.#known.push(...rival.subscriptions())
    this.#rules.nowAt(RIVALS, registration)
  }

  get violation(): Violation | undefined {
    return this.#rules.violation
  }

  /** All instances. */
  get #states(): EpollState[] {
    return [this.state, this.#outer, this.#rival].filter((one) => one !== undefined)
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
    for (const state of this.#states) this.#rules.checkQueue(state)
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
    if (action.does === 'wait at the rival') {
      yield* this.#take(1, true, this.#rival)
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
      case 'close':
        yield `close source ${action.source}`
        for (const subscription of source.watchers) subscription.state.forget(subscription)
        this.#rules.nowAt(action.source, undefined)
        break
      case 'remove':
        yield* this.#change(state.remove(action.source, source), () => {
          this.#rules.nowAt(action.source, undefined)
        })
        break
      case 'add':
      case 'modify': {
        const registration = this.#rules.number(action.events)
        const request = { events: action.events, dataLow: registration, dataHigh: action.source }
        yield* this.#change(state[action.does](action.source, source, request), () => {
          const found = state.find(action.source, source)
          if (found?.dataLow !== registration) return
          this.#rules.nowAt(action.source, registration)
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

  *#take(max: number, waits: boolean, state = this.state): Generator<Step | Sleeper, void, void> {
    for (;;) {
      const batch: number[] = []
      const { count, busy } = yield* state.drainReady(max, {
        put: (_, registration, index) => {
          const seen = this.#sources[index === RIVALS ? 0 : index]?.seenBy.get(this.running) ?? 0
          this.#rules.reported(registration, index, seen, batch)
          return true
        },
      })
      if (this.#neverIdle && count === 0 && !busy) {
        this.#rules.violate('a look finds nothing, and something was ready')
      }
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

  /** What must hold when no thread can take a step any more. */
  checkEnd(): void {
    this.#rules.checkEnd(this.state, this.#outer)
  }

  /** Everything that decides how it goes on: two runs with the same digest have the same future. */
  digest(): string {
    const digits: number[] = [this.#rules.registrations]
    for (const state of this.#states) this.#digestOf(state, digits)
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
      const covered = this.#rules.coveredBy(dataLow) + 1
      digits.push(fd, generation, pending & LOW, pending >>> DIGIT, flags)
      digits.push(mask & LOW, mask >>> DIGIT, dataLow, covered, this.#rules.hasFired(dataLow) ? 1 : 0)
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
