import type { CheckResult } from './check.ts'
import type { ChildMessage } from './messages.ts'
import { Standstill } from './standstill.ts'
import type { Place, Whereabouts } from './whereabouts.ts'

/** How long a check may take, and how long one of its steps. */
export interface TimeLimits {
  readonly checkMs: number
  readonly stepMs: number
}

/** No step of a check waits for longer than this, on any machine that is fit to check anything. */
const LONGEST_STEP_MS = 15_000

/** The limits of a run in which a check may take so long. On a slow machine a step gets a quarter of it. */
export function timeLimits(checkMs: number): TimeLimits {
  return { checkMs, stepMs: Math.min(checkMs, Math.max(LONGEST_STEP_MS, checkMs / 4)) }
}

export interface Progress {
  /** How many checks have their result. They are run in order. */
  readonly finished: number
  /** The step that the check after those is in; undefined if it has not begun, empty before its first step. */
  readonly step: string | undefined
  /** The result that it has already, if it failed before its end. */
  readonly failure: CheckResult | undefined
  /** Which limit it exceeded, if it did. */
  readonly exceeded: keyof TimeLimits | undefined
  /** How long it has been running. */
  readonly elapsedMs: number
}

/** Before the first check. */
const NOWHERE: Place = { check: -1, step: '' }

/** What is known of a child process: how far it got, and whether it still gets on. */
export class Watch {
  readonly #whereabouts: Whereabouts | undefined
  readonly #limits: TimeLimits
  readonly #now: () => number
  #finished = 0
  #failure: CheckResult | undefined
  /** What the child has said by messages, where it has no file for that. */
  #said: Place | undefined
  #isReady = false
  readonly #standstill: Standstill
  #checkSince = 0
  #exceeded: keyof TimeLimits | undefined

  constructor(whereabouts: Whereabouts | undefined, limits: TimeLimits, now = () => performance.now()) {
    this.#whereabouts = whereabouts
    this.#limits = limits
    this.#now = now
    this.#standstill = new Standstill(limits.stepMs, now)
  }

  /** How far the child has got. */
  progress(): Progress {
    const place = this.#place()
    return {
      finished: this.#finished,
      step: place?.check === this.#finished ? place.step : undefined,
      failure: this.#failure,
      exceeded: this.#exceeded,
      elapsedMs: this.#now() - this.#checkSince,
    }
  }

  take(message: ChildMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true
        this.#begin()
        break
      case 'place':
        this.#said = message.place
        break
      case 'failure':
        this.#failure = message.result
        this.#begin()
        break
      case 'result':
        this.#finished++
        this.#failure = undefined
        this.#begin()
        break
      case 'unavailable':
        break
    }
  }

  /** Whether the child has been in the same check, or in the same step, for too long. To be asked now and then. */
  isStuck(): boolean {
    if (!this.#isReady) return false
    const isStuck = this.#standstill.isStuckIn(this.#place() ?? NOWHERE)
    if (this.#now() - this.#checkSince >= this.#limits.checkMs) this.#exceeded ??= 'checkMs'
    else if (isStuck) this.#exceeded ??= 'stepMs'
    return this.#exceeded !== undefined
  }

  #begin(): void {
    this.#checkSince = this.#now()
    this.#standstill.begin()
  }

  #place(): Place | undefined {
    return this.#whereabouts?.read() ?? this.#said
  }
}
