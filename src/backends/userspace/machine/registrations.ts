/** The registrations of one instance, and which of them an entry of its ready queue is for. */
import { ReadyQueue } from './ready-queue.ts'
import type { ReadyItem, Subscription } from './subscription.ts'
import type { Watchable } from './watchable.ts'

/** Entries of removed registrations that the queue may hold before it is searched for them. */
const MOST_STALE = 64

export class Registrations {
  readonly queue = new ReadyQueue()
  /**
   * By descriptor. A key whose registration is removed stays, with nothing behind it: a Map searches through all that
   * was deleted in the same place, which adding and removing one descriptor again and again would make long.
   */
  readonly #subscriptions = new Map<number, Subscription | undefined>()
  #generation = 0
  #stale = 0

  /** The registration of a descriptor with this file behind it. */
  find(fd: number, file: Watchable): Subscription | undefined {
    let found = this.#subscriptions.get(fd)
    while (found !== undefined && found.file !== file) found = found.sibling
    return found
  }

  /** All registrations, in no particular order. */
  *subscriptions(): Generator<Subscription, void, void> {
    for (const first of this.#subscriptions.values()) {
      for (let one = first; one !== undefined; one = one.sibling) yield one
    }
  }

  /** Takes up a registration, which hears of its file from now on. */
  protected keep(subscription: Subscription): void {
    subscription.sibling = this.#subscriptions.get(subscription.fd)
    this.#subscriptions.set(subscription.fd, subscription)
    subscription.attach()
  }

  /** Drops a registration: by request, or because its file was closed for good. */
  forget(subscription: Subscription): void {
    const first = this.#subscriptions.get(subscription.fd)
    if (first === subscription) {
      this.#subscriptions.set(subscription.fd, subscription.sibling)
    } else {
      let before = first
      while (before !== undefined && before.sibling !== subscription) before = before.sibling
      if (before !== undefined) before.sibling = subscription.sibling
    }
    subscription.detach()
    // Its entry is dropped when it is taken. Who adds and removes without ever waiting must not fill the queue.
    if (subscription.enqueued) this.#stale++
    if (this.#stale <= MOST_STALE || 2 * this.#stale <= this.queue.length) return
    this.queue.retain((item) => this.current(item) !== undefined)
    this.#stale = 0
  }

  /** Drops all registrations: the instance is closed. */
  close(): void {
    for (const subscription of this.subscriptions()) subscription.detach()
    this.#subscriptions.clear()
  }

  /** The registrations in the ready queue for which something holds, in their order. */
  waiting(): Subscription[] {
    const found: Subscription[] = []
    for (let i = 0; i < this.queue.length; i++) {
      const item = this.queue.at(i)
      const subscription = item && this.current(item)
      if (subscription !== undefined && subscription.ready !== 0) found.push(subscription)
    }
    return found
  }

  /**
   * Puts the entries that have a rank before all others, the lowest first. The order of events is not promised, so who
   * holds this instance against another one lets it choose as that one did.
   */
  prefer(rank: (subscription: Subscription) => number | undefined): void {
    const ranked: (readonly [number, ReadyItem])[] = []
    this.queue.retain((item) => {
      const subscription = this.current(item)
      const place = subscription && rank(subscription)
      if (place !== undefined) ranked.push([place, item])
      return place === undefined
    })
    for (const [, item] of ranked.toSorted(([a], [b]) => b - a)) this.queue.unshift(item)
  }

  /** An entry of a removed registration was taken out of the queue. */
  protected dropped(): void {
    if (this.#stale > 0) this.#stale--
  }

  /** The registration that an entry was queued for, if it is still that one. */
  protected current(item: ReadyItem): Subscription | undefined {
    const subscription = this.find(item.fd, item.file)
    return subscription?.generation === item.generation ? subscription : undefined
  }

  protected nextGeneration(): number {
    return ++this.#generation
  }
}
