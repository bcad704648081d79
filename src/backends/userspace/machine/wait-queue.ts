import type { Steps } from './steps.ts'

/** What a source calls when something has changed: the producer's side of a subscription. */
export interface Handler {
  /**
   * Tells of readiness bits that may have come, or of 0 where anything may have. Returns whether somebody was woken who
   * will look: of exclusive handlers, one that does is enough.
   */
  push(bits: number): Steps<boolean>
  /** Whether it is enough to tell one handler like this (EPOLLEXCLUSIVE). */
  readonly exclusive: boolean
}

/** A handler's place in a queue. Releasing it unregisters the handler, in constant time. */
export class Guard {
  readonly handler: Handler
  #queue: WaitQueue | undefined
  /** Neighbours in the queue. For the queue alone. */
  before: Guard | undefined
  after: Guard | undefined

  constructor(queue: WaitQueue, handler: Handler) {
    this.#queue = queue
    this.handler = handler
  }

  release(): void {
    this.#queue?.remove(this)
    this.#queue = undefined
  }
}

/**
 * The handlers that are told of one kind of change. As in the kernel, those that are exclusive stand behind all others;
 * of the others, who came last is told first.
 */
export class WaitQueue {
  #first: Guard | undefined
  #last: Guard | undefined

  watch(handler: Handler): Guard {
    const guard = new Guard(this, handler)
    if (handler.exclusive) this.#append(guard)
    else this.#prepend(guard)
    return guard
  }

  remove(guard: Guard): void {
    if (guard.before === undefined) this.#first = guard.after
    else guard.before.after = guard.after
    if (guard.after === undefined) this.#last = guard.before
    else guard.after.before = guard.before
    guard.before = guard.after = undefined
  }

  /**
   * Tells the handlers, one after another, until an exclusive one has woken somebody; or all of them, where what has
   * changed concerns everybody, as a hang-up does. The list is taken as it is when this begins: a handler that is
   * released meanwhile may be told once more, and has to know that it was.
   */
  *notify(bits: number, everybody = false): Steps<void> {
    const first = this.#first
    if (first === undefined) return
    if (first.after === undefined) {
      yield* first.handler.push(bits)
      return
    }
    const guards = Array.from(this.guards())
    for (const { handler } of guards) {
      const woke = yield* handler.push(bits)
      if (woke && handler.exclusive && !everybody) return
    }
  }

  /** The guards, in the order in which they are told. */
  *guards(): Generator<Guard, void, void> {
    for (let guard = this.#first; guard !== undefined; guard = guard.after) yield guard
  }

  #prepend(guard: Guard): void {
    guard.after = this.#first
    if (this.#first === undefined) this.#last = guard
    else this.#first.before = guard
    this.#first = guard
  }

  #append(guard: Guard): void {
    guard.before = this.#last
    if (this.#last === undefined) this.#first = guard
    else this.#last.after = guard
    this.#last = guard
  }
}
