/**
 * What must hold in every run: nothing ready is lost, nothing is in the queue twice, nothing is reported for a
 * registration that is no more, a oneshot is reported once, and nobody sleeps while there is something for them.
 */
import { EPOLL } from '../../../libc/constants/linux.ts'
import type { EpollState } from '../machine/epoll-state.ts'
import type { Subscription } from '../machine/subscription.ts'
import type { Source } from './source.ts'

/** A property that did not hold, in words. */
export type Violation = string

export class Rules {
  violation: Violation | undefined
  readonly #sources: readonly Source[]
  /** The number of each source's present registration: its data. Every ADD and MOD has another one. */
  readonly #present = new Map<number, number>()
  /** What each registration asks for. */
  readonly #asked: number[] = []
  /** How many signals the last event of a registration has covered. */
  readonly #covered = new Map<number, number>()
  /** Oneshots that were reported. */
  readonly #fired = new Set<number>()

  constructor(sources: readonly Source[]) {
    this.#sources = sources
  }

  violate(what: Violation): void {
    this.violation ??= what
  }

  /** The number of a registration that is about to be made: its data. */
  number(events: number): number {
    return this.#asked.push(events) - 1
  }

  /** What is registered now under the number of a source: a registration, or none. */
  nowAt(index: number, registration: number | undefined): void {
    if (registration === undefined) this.#present.delete(index)
    else this.#present.set(index, registration)
  }

  /** How many registrations there have been. */
  get registrations(): number {
    return this.#asked.length
  }

  /** An event: of which registration and source, and how many signals of that one its reporter has seen. */
  reported(registration: number, index: number, seen: number, batch: number[]): void {
    if (this.#present.get(index) !== registration) {
      this.violate(`an event of source ${index} is reported with the data of a registration that is no more`)
    }
    if (batch.includes(index)) this.violate(`source ${index} is reported twice by one wait`)
    batch.push(index)
    this.#covered.set(registration, Math.max(seen, this.coveredBy(registration)))
    if (((this.#asked[registration] ?? 0) & EPOLL.ONESHOT) === 0) return
    if (this.#fired.has(registration)) {
      this.violate(`source ${index} is a oneshot, and is reported a second time`)
    }
    this.#fired.add(registration)
  }

  /** How many signals the events of a registration have covered; -1 where it had none. */
  coveredBy(registration: number): number {
    return this.#covered.get(registration) ?? -1
  }

  hasFired(registration: number): boolean {
    return this.#fired.has(registration)
  }

  /** What must hold at any time. */
  checkQueue({ queue }: EpollState): void {
    for (let i = 0; i < queue.length; i++) {
      const item = queue.at(i)
      for (let k = i + 1; k < queue.length; k++) {
        if (item !== undefined && queue.at(k) === item) {
          this.violate(`source ${item.fd} is in the queue twice`)
        }
      }
    }
  }

  /** What must hold when no thread can take a step any more. */
  checkEnd(state: EpollState, outer: EpollState | undefined): void {
    for (const subscription of state.subscriptions()) this.#checkRest(subscription)
    const sleepsOutside = (outer?.notifier.sleepers.length ?? 0) > 0
    if (sleepsOutside && state.readiness() !== 0) {
      this.violate('the inner instance is ready, and who waits at the outer one is asleep')
    }
  }

  #checkRest(subscription: Subscription): void {
    const source = this.#sources[subscription.fd]
    if (source?.isReadable !== true || (subscription.mask & EPOLL.IN) === 0) return
    if (subscription.exclusive) {
      this.#checkShared(source)
      return
    }
    const { state, fd, isEdge, dataLow, pending } = subscription
    if (isEdge && this.coveredBy(dataLow) >= source.signals) return
    if (pending === 0 || !isQueued(subscription)) {
      this.violate(`source ${fd} is ready, was not reported as such, and is not in the queue: it is lost`)
    } else if (state.notifier.sleepers.length > 0) {
      this.violate(`source ${fd} is ready and in the queue, and who waits is asleep`)
    }
  }

  /** Of several instances that need not all be told, one has reported a source, or none waits for it. */
  #checkShared(source: Source): void {
    const watchers = [...source.watchers]
    if (watchers.some(({ dataLow }) => this.coveredBy(dataLow) >= source.signals)) return
    if (watchers.some(({ state }) => state.notifier.sleepers.length > 0)) {
      this.violate('a source is ready, no instance has reported it, and who waits at one is asleep')
    }
  }
}

function isQueued({ state: { queue }, item }: Subscription): boolean {
  for (let i = 0; i < queue.length; i++) if (queue.at(i) === item) return true
  return false
}
