/** Faults that the machine could have: what the explorer must find, or it would not find those that nobody seeded. */
import { EpollState } from '../machine/epoll-state.ts'
import type { Steps } from '../machine/steps.ts'
import type { ReadyItem, Subscription } from '../machine/subscription.ts'
import type { MakeState } from './run.ts'

/** The machine, which tells when it takes an entry of an earlier registration for the present one's. */
class ToldState extends EpollState {
  readonly #onStale: (what: string) => void

  constructor(onStale: (what: string) => void) {
    super({ stepwise: true })
    this.#onStale = onStale
  }

  protected override resolve(item: ReadyItem): Subscription | undefined {
    const found = super.resolve(item)
    if (found !== undefined && found.item !== item) {
      this.#onStale(
        `an entry of an earlier registration of source ${item.fd} is taken for one of the present one`,
      )
    }
    return found
  }
}

/** What is told between taking what is pending and letting the registration be queued again is forgotten. */
class SkippedRepair extends ToldState {
  protected override repair(): void {}
}

/** A registration may be queued again while its entry is still in the queue. */
class EnqueuedClearedEarly extends ToldState {
  protected override *pop(left: number, taken: Set<ReadyItem> | undefined): Steps<ReadyItem | undefined> {
    const first = this.queue.at(0)
    const subscription = first === undefined ? undefined : this.current(first)
    if (subscription !== undefined) subscription.enqueued = false
    yield 'take the entry out'
    return yield* super.pop(left, taken)
  }
}

/** A registration that is added anew begins with the generation that the one before had. */
class ReusedGenerations extends ToldState {
  protected override nextGeneration(): number {
    return 1
  }
}

/** Whatever is told puts the registration into the queue. */
class DroppedDedupe extends ToldState {
  protected override mayEnqueue(subscription: Subscription): boolean {
    subscription.enqueued = true
    return true
  }
}

/** What is left after a wait is left to whoever comes next, and who sleeps is not told. */
class KeptToItself extends ToldState {
  protected override passOn(): void {}
}

/** What is ready when it is added, or modified, is not looked at. */
class NotPrimed extends ToldState {
  // oxlint-disable-next-line require-yield
  protected override *prime(): Steps<void> {}
}

/** Whoever is about to deliver an entry that was modified meanwhile drops it, and what it had taken. */
class DroppedModification extends ToldState {
  protected override giveBack(): void {}
}

/** An instance whose only entry is in somebody's hand looks as if it had none. */
class ForgottenInHand extends ToldState {
  protected override goesBack(): boolean {
    return false
  }
}

export interface Fault {
  readonly name: string
  readonly about: string
  readonly makeState: MakeState
}

/** The machine itself, watched by the same eyes. */
export const watchedState: MakeState = (onStale) => new ToldState(onStale)

export const faults: readonly Fault[] = [
  {
    name: 'skip-repair',
    about: 'a drain does not look for what came meanwhile',
    makeState: (onStale) => new SkippedRepair(onStale),
  },
  {
    name: 'clear-enqueued-early',
    about: '`enqueued` is cleared before the entry is out of the queue',
    makeState: (onStale) => new EnqueuedClearedEarly(onStale),
  },
  {
    name: 'reuse-generations',
    about: 'generations begin again with every ADD',
    makeState: (onStale) => new ReusedGenerations(onStale),
  },
  {
    name: 'drop-dedupe',
    about: 'a registration is queued however often it is told of',
    makeState: (onStale) => new DroppedDedupe(onStale),
  },
  {
    name: 'keep-to-itself',
    about: 'who leaves entries in the queue wakes nobody for them',
    makeState: (onStale) => new KeptToItself(onStale),
  },
  {
    name: 'skip-priming',
    about: 'what holds at ADD and MOD is not looked at',
    makeState: (onStale) => new NotPrimed(onStale),
  },
  {
    name: 'drop-modified',
    about: 'what was taken of a registration that is modified meanwhile is not given back',
    makeState: (onStale) => new DroppedModification(onStale),
  },
  {
    name: 'forget-in-hand',
    about: 'an instance that watches this one does not see an entry that will go back into the queue',
    makeState: (onStale) => new ForgottenInHand(onStale),
  },
]
