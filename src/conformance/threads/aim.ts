/**
 * Finds the moment at which two things happen together: too early and too late by turns. How long a thread takes to
 * wake up differs from machine to machine, and with its load, so no fixed time would do.
 */
export class Aim {
  #us: number

  /** Where to begin: after so many microseconds. */
  constructor(us: number) {
    this.#us = us
  }

  /** Lets the time pass, busily: a sleep is not exact enough. */
  pass(): void {
    const end = performance.now() + this.#us / 1000
    while (performance.now() < end);
  }

  /** It was too early, or too late: the next time a little later, or earlier. */
  correct(was: 'early' | 'late'): void {
    this.#us = was === 'early' ? Math.min(MOST_US, this.#us + STEP_US) : Math.max(0, this.#us - STEP_US)
  }
}

/** A fraction of what a thread takes to wake up. */
const STEP_US = 7

const MOST_US = 20_000
