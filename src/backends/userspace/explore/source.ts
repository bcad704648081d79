import { EPOLL } from '../../../libc/constants/linux.ts'
import { EventCounter } from '../files/event-counter.ts'
import type { Step, Steps } from '../machine/steps.ts'

/** A source that remembers how often it was signalled, and how often that was when each thread looked at it last. */
export class Source extends EventCounter {
  signals = 0
  readonly seenBy = new Map<string, number>()
  readonly #running: () => string

  /** `running`: who takes a step now. */
  constructor(running: () => string) {
    super(0n, false, true)
    this.#running = running
  }

  override readiness(): number {
    this.seenBy.set(this.#running(), this.signals)
    return this.#ready()
  }

  /** The same, seen by nobody: for who checks. */
  #ready(): number {
    return super.readiness()
  }

  get isReadable(): boolean {
    return (this.#ready() & EPOLL.IN) !== 0
  }

  override *signal(): Steps<void> {
    const steps = super.signal()
    // The first step is the change itself.
    yield (steps.next().value ?? '') as Step
    this.signals++
    yield* steps
  }
}
