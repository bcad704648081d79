/** Somebody who waits to be woken. */
export interface Sleeper {
  awake: boolean
}

/**
 * Wakes one of those who wait. A wake that finds nobody is kept for the next who comes, so that none is lost between
 * "there is nothing" and "so I wait"; many kept wakes are one.
 */
export class Notifier {
  readonly #sleepers: Sleeper[] = []
  #permit = false

  /** Those who are asleep, in the order in which they will be woken. */
  get sleepers(): readonly Sleeper[] {
    return this.#sleepers
  }

  get hasPermit(): boolean {
    return this.#permit
  }

  /** Returns whether somebody was woken now. */
  notifyOne(): boolean {
    const sleeper = this.#sleepers.shift()
    if (sleeper === undefined) {
      this.#permit = true
      return false
    }
    sleeper.awake = true
    return true
  }

  /** Goes to sleep, unless a wake was kept: then it is used up, and the sleeper is awake already. */
  sleep(): Sleeper {
    const sleeper = { awake: this.#permit }
    if (this.#permit) this.#permit = false
    else this.#sleepers.push(sleeper)
    return sleeper
  }
}
