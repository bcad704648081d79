import { EpollState } from '../machine/epoll-state.ts'
import type { ReadyItem, Subscription } from '../machine/subscription.ts'
import type { Violation } from './rules.ts'
import type { MakeState } from './run.ts'

/** The machine, which tells when it takes an entry of an earlier registration for the present one's. */
export class WatchedState extends EpollState {
  readonly #onStale: (what: Violation) => void

  constructor(onStale: (what: Violation) => void) {
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

/** The machine itself, watched. */
export const watchedState: MakeState = (onStale) => new WatchedState(onStale)
