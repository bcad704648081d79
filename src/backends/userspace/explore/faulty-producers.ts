/** Faults of who registers and who tells. */
import type { Enqueued } from '../machine/epoll-state.ts'
import { Notifier } from '../machine/notifier.ts'
import type { Steps } from '../machine/steps.ts'
import type { Subscription } from '../machine/subscription.ts'
import { WatchedState } from './watched-state.ts'

/** A registration that is added anew begins with the generation that the one before had. */
export class ReusedGenerations extends WatchedState {
  protected override nextGeneration(): number {
    return 1
  }
}

/** Whatever is told puts the registration into the queue. */
export class DroppedDedupe extends WatchedState {
  protected override mayEnqueue(subscription: Subscription): boolean {
    subscription.enqueued = true
    return true
  }
}

/** What is ready when it is added, or modified, is not looked at. */
export class NotPrimed extends WatchedState {
  protected override *prime(): Steps<void> {
    yield* []
  }
}

/** A wake that finds nobody asleep is forgotten, and who is about to sleep does so. */
class ForgetfulNotifier extends Notifier {
  override notifyOne(): boolean {
    return this.sleepers.length > 0 && super.notifyOne()
  }
}

export class LostPermit extends WatchedState {
  override readonly notifier = new ForgetfulNotifier()
}

/** The registration is queued, and only then are its bits set. */
export class QueuedBeforeBits extends WatchedState {
  protected override *enqueue(subscription: Subscription, bits: number): Steps<Enqueued> {
    yield 'swap enqueued'
    const isNew = this.mayEnqueue(subscription)
    if (isNew) this.queue.push(subscription.item)
    yield `set pending ${bits}`
    subscription.pending |= bits
    return isNew ? 'new' : 'there'
  }
}

/** Who waits is woken, and only then is there something in the queue. */
export class WokenEarly extends WatchedState {
  override *pushInterest(subscription: Subscription, bits: number): Steps<boolean> {
    yield `hear of ${bits} for generation ${subscription.generation}`
    if ((bits & subscription.mask) === 0 || subscription.removed) return false
    const woke = yield* this.wake(subscription)
    yield* this.enqueue(subscription, bits & subscription.mask)
    return woke
  }
}

/** What is told of an entry that is in the queue already wakes nobody, at the outer instance either. */
export class ToldOnce extends WatchedState {
  override *pushInterest(subscription: Subscription, bits: number): Steps<boolean> {
    yield `hear of ${bits} for generation ${subscription.generation}`
    if ((bits & subscription.mask) === 0 || subscription.removed) return false
    if ((yield* this.enqueue(subscription, bits & subscription.mask)) !== 'new') return false
    return yield* this.wake(subscription)
  }
}

/** A modification that finds the entry in somebody's hand tells nobody, as if it were in the queue. */
export class UntoldModification extends WatchedState {
  protected override *enqueue(subscription: Subscription, bits: number, wasThere?: boolean): Steps<Enqueued> {
    const found = yield* super.enqueue(subscription, bits, wasThere)
    return found === 'goes back' ? 'there' : found
  }
}

/** An exclusive instance says that it has woken somebody, though nobody waited. */
export class NobodyWoken extends WatchedState {
  override *pushInterest(subscription: Subscription, bits: number): Steps<boolean> {
    yield* super.pushInterest(subscription, bits)
    return true
  }
}
