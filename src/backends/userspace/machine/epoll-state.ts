/**
 * The state machine of one epoll instance: registrations, a ready queue without duplicates, and a notifier.
 *
 * A producer that changes a file tells its handlers, and each of those puts the bits into `pending` and the
 * registration into the queue, unless it is there. A consumer takes an entry, drops it if the registration is no longer
 * the one that it was queued for, takes what is pending, and asks the file what holds now: that is what it delivers,
 * and not what was told. A level-triggered entry goes to the back of the queue again. What was told while an entry was
 * being delivered is found by the repair at its end.
 *
 * The order in which a consumer does this matters. It clears `enqueued` after it has taken `pending`, and then looks at
 * `pending` once more: a producer that came in between saw an entry in the queue, and left it to the consumer. Each
 * operation is cut at its atomic steps (`steps.ts`), and `explore/` goes through all of their interleavings.
 */
import { constants as osConstants } from 'node:os'
import { EPOLL } from '../../../libc/constants/linux.ts'
import { noCounts } from './counters.ts'
import { Notifier } from './notifier.ts'
import { Registrations } from './registrations.ts'
import type { Steps } from './steps.ts'
import { PRIVATE_BITS, Subscription } from './subscription.ts'
import type { ReadyItem, Request } from './subscription.ts'
import { WaitQueue } from './wait-queue.ts'
import type { Watchable } from './watchable.ts'

const { EEXIST, EINVAL, ENOENT } = osConstants.errno

/** Where a drain puts its events. Returns false where it cannot: then the event stays, first in the queue. */
export interface EventSink {
  put(events: number, dataLow: number, dataHigh: number): boolean
}

/**
 * What a drain came to: so many events, and whether the sink took no more. One that found nothing is `busy` where others
 * had entries in hand, which may go back into the queue: then it has not seen that nothing is ready.
 */
export interface Drained {
  readonly count: number
  readonly refused: boolean
  readonly busy: boolean
}

/**
 * Where the entry of a registration was when its bits were set: nowhere, so that it was put into the queue; in the queue;
 * or in the hands of somebody who will put it back for these bits, and tells nobody.
 */
export type Enqueued = 'new' | 'there' | 'goes back'

/** What came of an entry that was taken. */
export type Outcome = 'delivered' | 'refused' | 'nothing'

/** What an instance is while an entry of its is ready. */
const READABLE = EPOLL.IN | EPOLL.RDNORM

export class EpollState extends Registrations implements Watchable {
  readonly notifier: Notifier = new Notifier()
  readonly counters = noCounts()
  readonly queues: readonly WaitQueue[] = [new WaitQueue()]
  readonly watchers = new Set<Subscription>()
  readonly #stepwise: boolean
  /** Entries that somebody has taken and not delivered yet. */
  readonly #inHand: ReadyItem[] = []

  /** `stepwise`: operations stop before each of their steps, for the explorer. */
  constructor({ stepwise = false }: { readonly stepwise?: boolean } = {}) {
    super()
    this.#stepwise = stepwise
  }

  /** EPOLL_CTL_ADD. Returns 0, or the negative errno. */
  *add(fd: number, file: Watchable, request: Request): Steps<number> {
    if (this.#stepwise) yield `add ${fd}`
    if (this.find(fd, file) !== undefined) return -EEXIST
    const subscription = new Subscription(this, fd, file, request, this.nextGeneration())
    this.keep(subscription)
    yield* this.prime(subscription)
    return 0
  }

  /** EPOLL_CTL_MOD. Returns 0, or the negative errno. */
  *modify(fd: number, file: Watchable, request: Request): Steps<number> {
    if (this.#stepwise) yield `modify ${fd}`
    const subscription = this.find(fd, file)
    if (subscription === undefined) return -ENOENT
    if (subscription.exclusive) return -EINVAL
    const wasThere = this.#isThere(subscription)
    subscription.replace(request, this.nextGeneration())
    yield* this.prime(subscription, wasThere)
    return 0
  }

  /** EPOLL_CTL_DEL. Returns 0, or the negative errno. */
  *remove(fd: number, file: Watchable): Steps<number> {
    if (this.#stepwise) yield `remove ${fd}`
    const subscription = this.find(fd, file)
    if (subscription === undefined) return -ENOENT
    this.forget(subscription)
    return 0
  }

  /** What a handler does: notes the bits, and puts the registration into the queue unless it is there. */
  *pushInterest(subscription: Subscription, bits: number): Steps<boolean> {
    if (this.#stepwise) yield `hear of ${bits} for generation ${subscription.generation}`
    const wanted = bits === 0 ? subscription.mask & ~PRIVATE_BITS : bits & subscription.mask & ~PRIVATE_BITS
    if (wanted === 0 || subscription.removed) return false
    yield* this.enqueue(subscription, wanted)
    return yield* this.wake(subscription)
  }

  /** A new or changed registration is looked at once: what holds already is told by nobody. */
  protected *prime(subscription: Subscription, wasThere = false): Steps<void> {
    if (this.#stepwise)
      yield `prime generation ${subscription.generation}${wasThere ? ' of what was there' : ''}`
    const ready = subscription.ready
    if (ready === 0 || subscription.removed) return
    // What stood in the queue was told of when it came there. What a consumer has put back was not.
    if ((yield* this.enqueue(subscription, ready, wasThere)) !== 'there') yield* this.wake(subscription)
  }

  /**
   * Sets bits, and puts the registration into the queue unless it is there, or somebody else puts it there. Which of the
   * two is only found out of what `wasThere` when the caller began: who tells in any case need not know.
   */
  protected *enqueue(subscription: Subscription, bits: number, wasThere = false): Steps<Enqueued> {
    this.counters.enqueueAttempts++
    if (this.#stepwise) yield `set pending ${bits}${wasThere ? ' of what was there' : ''}`
    const isThere = wasThere && this.#isThere(subscription)
    subscription.pending |= bits
    if (this.#stepwise) yield isThere ? 'swap enqueued of what is there' : 'swap enqueued'
    if (!this.mayEnqueue(subscription)) {
      this.counters.dedupeHits++
      return isThere ? 'there' : 'goes back'
    }
    if (this.#stepwise) yield 'push'
    this.queue.push(subscription.item)
    return 'new'
  }

  /** Wakes one who waits, and tells the instances that watch this one. */
  protected *wake(subscription: Subscription): Steps<boolean> {
    if (this.#stepwise) yield 'notify'
    const woke = this.notifier.notifyOne()
    for (const outer of this.queues) yield* outer.notify(EPOLL.IN)
    return woke || !subscription.exclusive
  }

  /**
   * Takes what is ready, as many events as `limit` at the most; the rest stays, in its order. An entry that goes back
   * into the queue is not taken a second time.
   */
  *drainReady(limit: number, sink: EventSink): Steps<Drained> {
    const stepwise = this.#stepwise
    if (stepwise) yield 'count'
    let left = this.queue.length
    // What others have in hand now may be back before this ends, and was missed all the same.
    let busy = this.#inHand.length > 0
    let count = 0
    // Where others drain too, the queue may come round again before `left` have been taken.
    const taken = stepwise ? new Set<ReadyItem>() : undefined
    let refused = false
    for (; left > 0 && count < limit && !refused; left--) {
      const item = yield* this.pop(left, taken)
      if (item === undefined) {
        busy ||= this.#inHand.length > 0 || this.queue.length > 0
        break
      }
      if (stepwise) yield `resolve ${item.fd} of generation ${item.generation}`
      const subscription = this.resolve(item)
      if (subscription === undefined) {
        this.counters.staleGenerationDrops++
        this.dropped()
        this.letGo(item)
        continue
      }
      const outcome = yield* this.deliver(subscription, sink)
      if (outcome === 'delivered') count++
      refused = outcome === 'refused'
    }
    if (stepwise) yield 'pass on'
    // One wake may have been for several entries, and an entry that went back is for everybody.
    if (this.queue.length > 0) this.passOn()
    return { count, refused, busy: count === 0 && busy }
  }

  protected *deliver(subscription: Subscription, sink: EventSink): Steps<Outcome> {
    const stepwise = this.#stepwise
    const { generation } = subscription
    if (stepwise) yield `take pending of generation ${generation}`
    const pending = subscription.pending
    subscription.pending = 0
    if (stepwise) yield `clear enqueued, took ${pending}`
    subscription.enqueued = false
    let outcome: Outcome = 'nothing'
    if (pending === 0) {
      this.counters.emptyDequeues++
    } else {
      if (stepwise) yield 'look'
      const holds = subscription.file.readiness()
      if (stepwise) yield `deliver ${holds}`
      outcome = this.commit(subscription, generation, pending, holds, sink)
    }
    if (stepwise) yield `repair, ${outcome}`
    this.repair(subscription)
    this.letGo(subscription.item)
    return outcome
  }

  /** The step that makes an event of what was seen, if the registration is still the one that it was seen for. */
  protected commit(
    subscription: Subscription,
    generation: number,
    pending: number,
    holds: number,
    sink: EventSink,
  ): Outcome {
    if (subscription.removed) {
      this.counters.staleGenerationDrops++
      return 'nothing'
    }
    if (subscription.generation !== generation) {
      this.counters.staleGenerationDrops++
      this.giveBack(subscription, pending)
      return 'nothing'
    }
    const events = holds & subscription.mask
    if (events === 0) {
      this.counters.retracted++
      return 'nothing'
    }
    if (!sink.put(events, subscription.dataLow, subscription.dataHigh)) {
      subscription.pending |= pending
      if (!subscription.enqueued) {
        subscription.enqueued = true
        this.queue.unshift(subscription.item)
      }
      return 'refused'
    }
    this.counters.delivered++
    if (subscription.isOneshot) subscription.disarm()
    else if (!subscription.isEdge) {
      this.counters.requeues++
      subscription.pending |= events
      if (this.mayEnqueue(subscription)) this.queue.push(subscription.item)
    }
    return 'delivered'
  }

  /** Whether any entry holds what it was queued for: what an instance that watches this one sees. */
  readiness(): number {
    for (;;) {
      const item = this.queue.at(0)
      if (item === undefined) return this.#inHand.some((taken) => this.goesBack(taken)) ? READABLE : 0
      const subscription = this.current(item)
      if (subscription !== undefined && subscription.ready !== 0) return READABLE
      // As in the kernel, an entry that turns out to be for nothing leaves the queue.
      this.queue.shift()
      if (subscription === undefined) {
        this.dropped()
        continue
      }
      subscription.enqueued = false
      subscription.pending = 0
    }
  }

  /**
   * Whether an entry that somebody has in hand will be in the queue again: who looks meanwhile must not miss it. It goes
   * back because it is level-triggered, or for what was told since its bits were taken.
   */
  protected goesBack(item: ReadyItem): boolean {
    const subscription = this.current(item)
    if (subscription === undefined || subscription.ready === 0) return false
    return subscription.pending !== 0 || !(subscription.isEdge || subscription.isOneshot)
  }

  protected letGo(item: ReadyItem): void {
    // Mostly the last one, and the only one.
    if (this.#inHand.at(-1) === item) this.#inHand.pop()
    else this.#inHand.splice(this.#inHand.indexOf(item), 1)
  }

  /** The same for an entry that was taken. A seeded fault may see it otherwise, and so may who counts. */
  protected resolve(item: ReadyItem): Subscription | undefined {
    return this.current(item)
  }

  /** Marks a registration as queued. Returns false where it was: then somebody else puts it there, or has. */
  protected mayEnqueue(subscription: Subscription): boolean {
    if (subscription.enqueued) return false
    subscription.enqueued = true
    return true
  }

  /** Takes the first entry, unless this drain has taken it before. */
  protected *pop(left: number, taken: Set<ReadyItem> | undefined): Steps<ReadyItem | undefined> {
    if (this.#stepwise) yield `pop, with ${left} to look at`
    const first = this.queue.at(0)
    if (first === undefined || taken?.has(first) === true) return undefined
    taken?.add(first)
    this.#inHand.push(first)
    return this.queue.shift()
  }

  /** What was taken of a registration that was modified meanwhile may be all that tells of it: the repair finds it. */
  protected giveBack(subscription: Subscription, pending: number): void {
    subscription.pending |= pending
  }

  /** Whether it is in the queue, and in nobody's hand. */
  #isThere({ enqueued, item }: Subscription): boolean {
    return enqueued && !this.#inHand.includes(item)
  }

  /** Puts a registration back of which something was told between taking its bits and letting it be queued again. */
  protected repair(subscription: Subscription): void {
    if (subscription.pending === 0 || subscription.removed || !this.mayEnqueue(subscription)) return
    this.counters.repairs++
    this.queue.push(subscription.item)
  }

  /** Something is left: another one who waits may have it. */
  protected passOn(): void {
    this.notifier.notifyOne()
  }
}
