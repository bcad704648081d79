import type { Place } from '../whereabouts.ts'

/** Notices that a child is in the same step for too long. */
export class Standstill {
  readonly #place: () => Place | undefined
  readonly #limitMs: number
  readonly #now: () => number
  #last = ''
  #sinceMs = 0

  constructor(place: () => Place | undefined, limitMs: number, now = () => performance.now()) {
    this.#place = place
    this.#limitMs = limitMs
    this.#now = now
  }

  /** To be asked now and then. Before the first step nothing stands still: who starts has a limit of its own. */
  isStuck(): boolean {
    const place = this.#place()
    if (place === undefined) return false
    const text = `${place.check} ${place.step}`
    if (text !== this.#last) {
      this.#last = text
      this.#sinceMs = this.#now()
    }
    return this.#now() - this.#sinceMs >= this.#limitMs
  }
}
