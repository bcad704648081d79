/** Faults of who takes what is ready. */
import { EPOLL } from '../../../libc/constants/linux.ts'
import type { EventSink, Outcome } from '../machine/epoll-state.ts'
import type { Steps } from '../machine/steps.ts'
import type { ReadyItem, Subscription } from '../machine/subscription.ts'
import { WatchedState } from './watched-state.ts'

/** What is told between taking what is pending and letting the registration be queued again is forgotten. */
export class SkippedRepair extends WatchedState {
  protected override repair(): void {}
}

/** A registration may be queued again while its entry is still in the queue. */
export class EnqueuedClearedEarly extends WatchedState {
  protected override *pop(left: number, taken: Set<ReadyItem> | undefined): Steps<ReadyItem | undefined> {
    const first = this.queue.at(0)
    const subscription = first === undefined ? undefined : this.current(first)
    if (subscription !== undefined) subscription.enqueued = false
    yield 'take the entry out'
    return yield* super.pop(left, taken)
  }
}

/** What is left after a wait is left to whoever comes next, and who sleeps is not told. */
export class KeptToItself extends WatchedState {
  protected override passOn(): void {}
}

/** Whoever is about to deliver an entry that was modified meanwhile drops it, and what it had taken. */
export class DroppedModification extends WatchedState {
  protected override giveBack(): void {}
}

/** An instance whose only entry is in somebody's hand looks as if it had none. */
export class ForgottenInHand extends WatchedState {
  protected override goesBack(): boolean {
    return false
  }
}

/** And neither does one that goes back for what was told meanwhile. */
export class ForgottenTold extends WatchedState {
  protected override goesBack(item: ReadyItem): boolean {
    return super.goesBack(item) && this.current(item)?.isEdge === false
  }
}

/** The file is looked at, and only then are the bits taken: those of what came in between too. */
export class TakenLate extends WatchedState {
  protected override *deliver(subscription: Subscription, sink: EventSink): Steps<Outcome> {
    yield 'look'
    const holds = subscription.file.readiness()
    const { pending, generation } = subscription
    yield 'take pending'
    subscription.pending = 0
    subscription.enqueued = false
    const outcome = this.commit(subscription, generation, pending, holds, sink)
    this.letGo(subscription.item)
    return outcome
  }
}

/** A bit that no kernel has: what was a oneshot. */
const LATE = 1 << 20

/** A oneshot is delivered, and disarmed only then. */
export class DisarmedLate extends WatchedState {
  protected override *deliver(subscription: Subscription, sink: EventSink): Steps<Outcome> {
    const outcome = yield* super.deliver(subscription, sink)
    if (outcome !== 'delivered' || !subscription.isEdge || (subscription.mask & LATE) === 0) return outcome
    yield 'disarm'
    subscription.mask = (subscription.mask & ~EPOLL.ET) | EPOLL.ONESHOT
    subscription.disarm()
    return outcome
  }

  protected override commit(
    subscription: Subscription,
    generation: number,
    pending: number,
    holds: number,
    sink: EventSink,
  ): Outcome {
    // What looks like an edge stays armed.
    if (subscription.isOneshot) {
      subscription.mask = (subscription.mask & ~EPOLL.ONESHOT) | EPOLL.ET | LATE
    }
    return super.commit(subscription, generation, pending, holds, sink)
  }
}

/** An event that was on its way is delivered, though its registration is gone. */
export class DeliveredAfterRemoval extends WatchedState {
  protected override commit(
    subscription: Subscription,
    generation: number,
    pending: number,
    holds: number,
    sink: EventSink,
  ): Outcome {
    const { removed } = subscription
    subscription.removed = false
    const outcome = super.commit(subscription, generation, pending, holds, sink)
    subscription.removed = removed
    return outcome
  }
}

/** A wait may take an entry again that it has put back itself. */
export class TakenAgain extends WatchedState {
  protected override *pop(left: number): Steps<ReadyItem | undefined> {
    return yield* super.pop(left, undefined)
  }
}
