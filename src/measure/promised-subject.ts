import { setTimeout as sleep } from 'node:timers/promises'
import { MeasurementError, UnsupportedError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import type { Backend } from '../backends/backend.ts'
import type { Sources } from '../workloads/sources.ts'
import { isWrong } from '../workloads/workload.ts'
import type { Case, Detail, EventCount, Lane, PromisedCycle } from '../workloads/workload.ts'
import { noEvents, WrongEventsError } from './driver.ts'
import type { Batch, Subject } from './driver.ts'
import { nowNs } from './now.ts'
import { mean } from './statistics/describe.ts'

/** How long a batch may take, the start of threads on a busy machine included. What is promised may never come. */
const STUCK_AFTER_MS = 10_000
const MOST_CYCLES = 5000

/** What it works with. */
export interface PromisedOptions {
  readonly libc: Libc
  readonly sources: Sources
  readonly workload: Case
  readonly backend: Backend
  /** Default: ten seconds. */
  readonly stuckAfterMs?: number
  /** Called once, when it is closed. */
  release(): void
}

/**
 * A case whose cycles end in Node's event loop. What its threads call is not counted, so there is no call tax to tell.
 */
export class PromisedSubject implements Subject {
  readonly events: EventCount = noEvents()
  readonly callsPerCycle = 0
  readonly taxNs = 0
  readonly timesEach = true
  readonly mostTimed = MOST_CYCLES
  readonly #cycle: PromisedCycle
  readonly #release: () => void
  readonly #stuckAfterMs: number
  closed: Promise<void> | undefined

  /** Throws `UnsupportedError` for a case whose cycles are not promised. */
  constructor(options: PromisedOptions) {
    const { libc, sources, backend, workload } = options
    this.#release = () => options.release()
    this.#stuckAfterMs = options.stuckAfterMs ?? STUCK_AFTER_MS
    const lane: Lane = {
      libc,
      open: () => backend.open(libc),
      mark: () => undefined,
      barrier: () => undefined,
      pace: () => undefined,
      unchecked: (calls) => calls(),
    }
    const cycle = workload.openLater?.({ backend, lanes: [lane], sources, events: this.events })
    if (cycle === undefined) throw new UnsupportedError('PromisedSubject', 'these cycles are not promised')
    this.#cycle = cycle
  }

  run(): Batch {
    throw new TypeError('these cycles are promised: runLater')
  }

  /** Rejects with `MeasurementError` where it does not end. */
  async runLater(cycles: number): Promise<Batch> {
    const end = new AbortController()
    const stuck = async (): Promise<never> => {
      await sleep(this.#stuckAfterMs, undefined, { signal: end.signal })
      throw new MeasurementError(
        `a batch that should take milliseconds has not ended after ${this.#stuckAfterMs / 1000} s`,
      )
    }
    try {
      return await Promise.race([this.#batch(cycles), stuck()])
    } finally {
      end.abort()
    }
  }

  async #batch(cycles: number): Promise<Batch> {
    // The first one comes before the others, untimed, unless it alone fills the batch.
    if (cycles > 1) await this.#once()
    const durations = new Float64Array(cycles)
    const before = process.resourceUsage()
    const start = nowNs()
    for (let i = 0; i < cycles; i++) durations[i] = await this.#once()
    const elapsedNs = nowNs() - start
    const after = process.resourceUsage()
    return {
      cycles,
      cycleNs: mean(durations),
      elapsedNs,
      durationsNs: durations,
      cpuNs: 1000 * (after.userCPUTime - before.userCPUTime + after.systemCPUTime - before.systemCPUTime),
      switches: { voluntary: 0, involuntary: 0 },
      waitedNs: undefined,
    }
  }

  async #once(): Promise<number> {
    const start = nowNs()
    await this.#cycle.run()
    const elapsed = nowNs() - start
    if (isWrong(this.events)) throw new WrongEventsError(this.events)
    return elapsed
  }

  detail(): Detail {
    return this.#cycle.detail()
  }

  close(): void {
    this.closed ??= this.#close()
  }

  async #close(): Promise<void> {
    try {
      await this.#cycle.close()
    } finally {
      this.#release()
    }
  }
}
