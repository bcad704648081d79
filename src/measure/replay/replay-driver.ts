import type { Backend } from '../../backends/backend.ts'
import { openDescriptors } from '../../libc/open-descriptors.ts'
import { Sources } from '../../workloads/sources.ts'
import type { Case } from '../../workloads/workload.ts'
import { notOpened } from '../driver.ts'
import type { MeasuringDriver, Opened, OpenOptions } from '../driver.ts'
import { withoutOutputs } from '../record/repeat.ts'
import type { Tape } from '../record/tape.ts'
import { ReplayChild } from './child.ts'
import { LANES } from './layout.ts'
import type { Replayer } from './native.ts'
import { recordCase, recorderFor } from './record-case.ts'
import { ReplaySubject } from './subject.ts'

/** What the replayer costs by itself: of reading the clock, and of a call that does nothing. */
export interface ReplayCost {
  readonly clockNs: number
  readonly callNs: number
}

/**
 * Records each case once, and repeats it natively in a process of its own: a child that opens everything anew
 * under the same numbers, so that nothing is shared with another backend, as if it were a C program.
 */
export class ReplayDriver implements MeasuringDriver {
  readonly name = 'replay'
  readonly #replayer: Replayer
  readonly #cost: ReplayCost

  constructor(replayer: Replayer, cost: ReplayCost) {
    this.#replayer = replayer
    this.#cost = cost
  }

  cannot({ lanes = 1 }: Case): string | undefined {
    return lanes > LANES ? `it needs ${lanes} threads, and the replayer has at most ${LANES}` : undefined
  }

  open(backends: readonly Backend[], options: OpenOptions): Opened[] {
    const { libc } = options
    const recorder = recorderFor(libc, 1)
    const [lane] = recorder.lanes
    if (lane === undefined) throw new TypeError('a recorder has a lane')
    // Their descriptors come first, because the numbers of all that is recorded must be free in the children.
    const children: ReplayChild[] = []
    const opened: (Opened & { readonly child: ReplayChild })[] = []
    let sources: Sources | undefined
    try {
      for (const _ of backends) children.push(new ReplayChild(this.#replayer, options.case.lanes ?? 1))
      const before = openDescriptors(this.#replayer.libc)
      const [opening] = recorder.record(() => {
        sources = new Sources(lane.libc, options.case.sources)
      }, 'together')
      for (const [index, child] of children.entries()) {
        const backend = backends[index]
        if (backend === undefined || opening === undefined || sources === undefined) break
        const taken = children.flatMap(({ fds }) => fds)
        const one = this.#openOne(backend, child, { ...options, before, opening, taken, shared: sources })
        opened.push({ ...one, child })
      }
      return opened.map((one) => prepared(one, options.workload))
    } catch (error) {
      for (const child of children) child.close()
      throw error
    } finally {
      sources?.close()
    }
  }

  #openOne(
    backend: Backend,
    child: ReplayChild,
    options: OpenOptions & {
      readonly before: ReadonlySet<number>
      readonly opening: Tape
      readonly taken: readonly number[]
      readonly shared: Sources
    },
  ): Opened {
    try {
      const recording = recordCase(options.libc, options.case, backend, options.shared)
      try {
        const unwanted = [...openDescriptors(this.#replayer.libc)].filter((fd) => !options.before.has(fd))
        const subject = new ReplaySubject({
          child,
          recording,
          opening: withoutOutputs(options.opening),
          libc: options.libc,
          timing: options.case.timing,
          periodNs: options.case.periodNs,
          cpus: options.cpus,
          cost: this.#cost,
          unwanted,
          taken: options.taken,
        })
        return { backend, subject }
      } finally {
        recording.close()
      }
    } catch (error) {
      return notOpened(options.workload, backend, error)
    }
  }
}

/** Has a child open everything, once all are forked. One that cannot is closed. */
function prepared(one: Opened & { readonly child: ReplayChild }, workload: string): Opened {
  const { backend, child } = one
  try {
    if ('subject' in one) (one.subject as ReplaySubject).prepare()
    else child.close()
    return one
  } catch (error) {
    child.close()
    return notOpened(workload, backend, error)
  }
}
