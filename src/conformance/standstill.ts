import type { Place } from './whereabouts.ts'

/** Notices that a child is in the same step for too long. */
export class Standstill {
  readonly #limitMs: number
  readonly #now: () => number
  #last = ''
  #sinceMs = 0

  constructor(limitMs: number, now = () => performance.now()) {
    this.#limitMs = limitMs
    this.#now = now
  }

  /** Something has begun: its time counts from now on. */
  begin(): void {
    this.#sinceMs = this.#now()
  }

  /** Whether the child has been in this step for too long, as often as this was asked. */
  isStuckIn({ check, step }: Place): boolean {
    const place = `${check} ${step}`
    if (place !== this.#last) {
      this.#last = place
      this.begin()
    }
    return this.#now() - this.#sinceMs >= this.#limitMs
  }
}
