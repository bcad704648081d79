import { sleepSync } from '../sleep.ts'
import type { Backend, Poller } from '../backends/backend.ts'
import type { Libc } from '../libc/libc.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { boundWaits } from '../libc/wrap.ts'
import { Sources } from '../workloads/sources.ts'
import { LOST_AFTER_MS } from '../workloads/wait.ts'
import { isWrong } from '../workloads/workload.ts'
import type { Case, Cycle, Detail, EventCount, Lane } from '../workloads/workload.ts'
import { countCalls, taxOf } from './call-tax.ts'
import type { CallTax } from './call-tax.ts'
import { noEvents, notOpened, WrongEventsError } from './driver.ts'
import type { Batch, MeasuringDriver, Opened, OpenOptions, Subject } from './driver.ts'
import { PromisedSubject } from './promised-subject.ts'
import { nowNs } from './now.ts'
import { mean, median } from './statistics/describe.ts'

/** More cycles in a batch say nothing that the next batch does not. */
const MOST_CYCLES = 5000

/**
 * Makes the calls of a cycle one by one from JavaScript. Every figure then has the tax of its calls in it; this
 * driver is for machines where there is no replayer.
 */
export class FfiDriver implements MeasuringDriver {
  readonly name = 'ffi'
  readonly #tax: CallTax

  constructor(tax: CallTax) {
    this.#tax = tax
  }

  cannot({ lanes = 1, timing }: Case, { world }: Backend): string | undefined {
    if (lanes > 1) return 'it needs threads of its own, which only the replay driver has'
    return world !== undefined && timing === 'marks' ? 'its time passes only as it likes' : undefined
  }

  otherDescriptors(libc: Libc): ReadonlySet<number> {
    return openDescriptors(libc)
  }

  close(): void {
    // Every case has descriptors of its own, which end with its subjects.
  }

  open(backends: readonly Backend[], options: OpenOptions): Opened[] {
    const { case: workload, libc } = options
    const sources = new Sources(libc, workload.sources)
    const open = { count: backends.length }
    const release = (): void => {
      if (--open.count === 0) sources.close()
    }
    const tax = this.#tax
    const shared: Place = { libc, sources, tax, release }
    const subjects: Subject[] = []
    try {
      return backends.map((backend): Opened => {
        try {
          const place = backend.world === undefined ? shared : ownPlace(backend.world(libc), workload, shared)
          const subject =
            workload.openLater === undefined
              ? new FfiSubject({ workload, backend, ...place })
              : new PromisedSubject({ workload, backend, ...place })
          subjects.push(subject)
          return { backend, subject }
        } catch (error) {
          release()
          return notOpened(options.workload, backend, error)
        }
      })
    } catch (error) {
      for (const subject of subjects) subject.close()
      sources.close()
      throw error
    }
  }
}

/** What a subject works with. */
interface Place {
  readonly libc: Libc
  readonly sources: Sources
  /** What a call costs that is none of the workload; undefined where no call leaves JavaScript. */
  readonly tax: CallTax | undefined
  /** Called once, when it is closed. */
  release(): void
}

interface SubjectOptions extends Place {
  readonly workload: Case
  readonly backend: Backend
}

/** A backend that watches descriptors of its own world has sources there. */
function ownPlace(libc: Libc, workload: Case, shared: Place): Place {
  const sources = new Sources(libc, workload.sources)
  return {
    libc,
    sources,
    tax: undefined,
    release() {
      sources.close()
      shared.release()
    },
  }
}

/** A case that is open on a backend in this process. */
class FfiSubject implements Subject {
  readonly events: EventCount = noEvents()
  readonly callsPerCycle: number
  readonly taxNs: number
  readonly timesEach = true
  readonly mostTimed = MOST_CYCLES
  readonly #options: SubjectOptions
  readonly #pollers: Poller[] = []
  readonly #marks: number[] = []
  readonly #cycle: Cycle

  constructor(options: SubjectOptions) {
    this.#options = options
    const { workload, backend, sources } = options
    const counter = countCalls(boundWaits(options.libc, LOST_AFTER_MS))
    const lane: Lane = {
      libc: counter.libc,
      open: () => {
        const poller = backend.open(counter.libc)
        this.#pollers.push(poller)
        return poller
      },
      mark: () => void this.#marks.push(nowNs()),
      barrier: () => undefined,
      pace: () => undefined,
      unchecked: (calls) => calls(),
    }
    let cycle: Cycle | undefined
    try {
      cycle = workload.open({ backend, lanes: [lane], sources, events: this.events })
      this.#cycle = cycle
      // Of a runtime, the first one makes calls that none after it makes; it is short enough to be made once more.
      if (workload.driver === 'ffi') this.#once(cycle)
      this.#cycle.before?.()
      counter.counts.clear()
      this.#cycle.run()
      this.taxNs = options.tax === undefined ? 0 : taxOf(counter.counts, options.tax)
      this.callsPerCycle = [...counter.counts.values()].reduce((sum, count) => sum + count, 0)
      this.#cycle.after?.()
      this.#assertRight()
    } catch (error) {
      this.#release(cycle)
      throw error
    }
  }

  run(cycles: number): Batch {
    const cycle = this.#cycle
    // The first one comes before the others, untimed, unless it alone fills the batch.
    if (cycles > 1) this.#once(cycle)
    this.#marks.length = 0
    const durations = new Float64Array(cycles)
    const before = process.resourceUsage()
    const start = nowNs()
    for (let i = 0; i < cycles; i++) durations[i] = this.#once(cycle)
    const elapsedNs = nowNs() - start
    const after = process.resourceUsage()
    // What goes on by itself must not be counted as the next one's.
    const { busyForMs = 0 } = this.#options.backend
    if (busyForMs > 0) sleepSync(1.25 * busyForMs)
    const own = cycle.durations?.([Float64Array.from(this.#marks)])
    cycle.timed?.(own ?? durations)
    return {
      cycles,
      cycleNs: own === undefined ? mean(durations) : median(own),
      elapsedNs,
      durationsNs: own ?? durations,
      cpuNs: 1000 * (after.userCPUTime - before.userCPUTime + after.systemCPUTime - before.systemCPUTime),
      switches: { voluntary: 0, involuntary: 0 },
      waitedNs: undefined,
    }
  }

  #once(cycle: Cycle): number {
    try {
      cycle.before?.()
      const start = nowNs()
      cycle.run()
      const elapsed = nowNs() - start
      cycle.after?.()
      // Each lost event costs a second, so the first one ends the batch.
      this.#assertRight()
      return elapsed
    } catch (error) {
      // At once, because the others go on with the same sources.
      cycle.settle?.()
      throw error
    }
  }

  #assertRight(): void {
    if (isWrong(this.events)) throw new WrongEventsError(this.events)
  }

  close(): void {
    try {
      this.#release(this.#cycle)
    } finally {
      this.#options.release()
    }
  }

  #release(cycle: Cycle | undefined): void {
    try {
      cycle?.settle?.()
      cycle?.close?.()
    } finally {
      for (const poller of this.#pollers) poller.close()
    }
  }

  detail(): Detail {
    return this.#cycle.detail?.() ?? {}
  }
}
