import { ReadinessBatch } from '../backends/backend.ts'
import type { Poller } from '../backends/backend.ts'
import type { Sources } from './sources.ts'
import type { EventCount, Lane } from './workload.ts'

interface ChainOptions {
  readonly lane: Lane
  /** Has all sources registered, with their index as token. */
  readonly poller: Poller
  readonly sources: Sources
  readonly events: EventCount
  /** How many sources are signalled at the start, and how many more by the events that come. */
  readonly active: number
  readonly chained: number
  readonly eventsPerWait: number
}

/** The dispatch phase of libevent's bench: waits that do not block, until as much was drained as was signalled. */
export class Chain {
  readonly #options: ChainOptions
  readonly #batch: ReadinessBatch
  /** In which wait a source was last reported, to tell a duplicate from an event for nothing. */
  readonly #reportedIn: Uint32Array
  #wait = 0
  /** Whether every signal was drained; not so after a loss or an error. */
  #settled = true

  constructor(options: ChainOptions) {
    this.#options = options
    this.#batch = new ReadinessBatch(Math.min(options.sources.length + 1, options.eventsPerWait))
    this.#reportedIn = new Uint32Array(options.sources.length)
  }

  /** How many waits were made so far. */
  get waits(): number {
    return this.#wait
  }

  /**
   * A wait with nothing ready, as libevent's bench makes it before each run: a level-triggered epoll keeps what
   * it has reported on its list until it has looked at it once more.
   */
  flush(): void {
    this.#options.events.spurious += Math.max(0, this.#options.poller.wait(this.#batch, 0))
  }

  run(): void {
    const { lane, poller, sources, events, active, chained } = this.#options
    const step = Math.floor(sources.length / active)
    this.#settled = false
    for (let k = 0; k < active; k++) sources.signal(lane.libc, k * step)
    let signalled = active
    let drained = 0
    while (drained < signalled) {
      const n = poller.wait(this.#batch, 0)
      this.#wait++
      const before = drained
      for (let i = 0; i < n; i++) {
        const index = this.#batch.tokenWords[2 * i] ?? 0
        const got = this.#drain(index)
        drained += got
        for (let sent = 0; sent < got && signalled < active + chained; sent++, signalled++) {
          sources.signal(lane.libc, index + 1 === sources.length ? 0 : index + 1)
        }
      }
      // What was signalled is there at once, so a wait that brings nothing has lost it, or brings it for ever.
      if (drained === before) break
    }
    events.expected += signalled
    events.seen += drained
    events.lost += signalled - drained
    this.#settled = drained === signalled
  }

  #drain(index: number): number {
    const { lane, sources, events } = this.#options
    const got = sources.drain(lane.libc, index)
    if (got === 0 && this.#reportedIn[index] === this.#wait) events.duplicate++
    else if (got === 0) events.spurious++
    this.#reportedIn[index] = this.#wait
    return got
  }

  /** Drains what a run that failed has left. */
  settle(): void {
    const { lane, sources } = this.#options
    if (this.#settled) return
    sources.clearAll(lane.libc)
  }
}
