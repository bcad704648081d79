import type { Backend } from '../../backends/backend.ts'
import { F } from '../../libc/constants/linux.ts'
import { OwnedFd } from '../../libc/fd.ts'
import { functionAddress, sys } from '../../libc/libc.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Libc } from '../../libc/libc.ts'
import { SystemError } from '../../errors.ts'
import type { Sources } from '../../workloads/sources.ts'
import type { Case } from '../../workloads/workload.ts'
import { notOpened } from '../driver.ts'
import type { MeasuringDriver, Opened, OpenOptions } from '../driver.ts'
import type { Tape } from '../record/tape.ts'
import { ReplayChild } from './child.ts'
import type { LibraryState } from './child.ts'
import { whyNoThreads } from './cost.ts'
import { directly } from './direct-calls.ts'
import { LANES } from './layout.ts'
import type { Replayer } from './native.ts'
import { KeptSources, MOST_OTHERS } from './kept-sources.ts'
import { recordCase } from './record-case.ts'
import { RetiredPollers } from '../../backends/retired-pollers.ts'
import { assemblePrograms, ReplaySubject } from './subject.ts'

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
  readonly #kept = new KeptSources()
  readonly #retired = new RetiredPollers()
  readonly #called = new Map<Libc, Libc>()
  /** Children of cases that are over. While they close what they had open, the next case is recorded. */
  readonly #killed: ReplayChild[] = []
  /** What keeps libraries as they are in a child after their `primer`, so that both give out the same numbers. */
  readonly #primed = new Map<string, Disposable>()
  /** Found out when it first matters. */
  #noThreads: { readonly reason: string | undefined } | undefined

  constructor(replayer: Replayer, cost: ReplayCost) {
    this.#replayer = replayer
    this.#cost = cost
  }

  cannot({ lanes = 1, driver }: Case, { unrepeatable }: Backend): string | undefined {
    if (driver === 'ffi') return 'it measures JavaScript, of which a recording of native calls has nothing'
    if (unrepeatable !== undefined) return unrepeatable
    if (lanes > LANES) return `it needs ${lanes} threads, and the replayer has at most ${LANES}`
    if (lanes === 1) return undefined
    this.#noThreads ??= { reason: whyNoThreads(this.#replayer) }
    return this.#noThreads.reason
  }

  otherDescriptors(libc: Libc): ReadonlySet<number> {
    return this.#kept.others(this.#direct(libc))
  }

  close(): void {
    this.#kept.close()
    for (const held of this.#primed.values()) held[Symbol.dispose]()
    this.#primed.clear()
    this.#endRetired()
  }

  #prime(libc: Libc, { name, primer }: Backend): void {
    if (primer === undefined || libc.plan.lib === undefined || this.#primed.has(name)) return
    if (!libc.has(primer.fn)) return
    try {
      this.#primed.set(name, primer.open(libc))
    } catch (error) {
      // Whoever then opens one for a case says what is wrong.
      if (!(error instanceof SystemError)) throw error
    }
  }

  /** What is recorded is called without the binding. The same functions each time, so that sources can be kept. */
  #direct(libc: Libc): Libc {
    const direct = this.#called.get(libc) ?? directly(libc, this.#replayer.direct)
    this.#called.set(libc, direct)
    return direct
  }

  /** Waits until all children that were killed are gone. */
  #reap(): void {
    for (const child of this.#killed.splice(0)) child.close()
  }

  /** Not while there is a child, which would keep them alive. */
  #endRetired(): void {
    this.#reap()
    this.#retired.end()
  }

  open(backends: readonly Backend[], options: OpenOptions): Opened[] {
    if (this.#retired.areMany) this.#endRetired()
    const libc = this.#direct(options.libc)
    const [first] = backends
    if (first === undefined) return []
    const children: ReplayChild[] = []
    const opened: InChild[] = []
    const held: OwnedFd[] = []
    try {
      for (const backend of backends) this.#prime(options.libc, backend)
      const { sources, opening } = this.#kept.take(libc, options.case.sources)
      // Their descriptors come first, because the numbers of all that is recorded must be free in the children.
      for (const _ of backends) children.push(new ReplayChild(this.#replayer, options.case.lanes ?? 1))
      const spare = options.libc.plan.lib === undefined ? [] : spareDescriptors(this.#replayer.libc)
      held.push(...spare)
      const before = this.#kept.others(this.#direct(this.#replayer.libc))
      const taken = children.flatMap(({ fds }) => fds)
      const spares = spare.map(({ fd }) => fd)
      const shared = { ...options, libc, before, opening, taken, sources, spare: spares }
      const entries = children.map((child, index) => ({ child, backend: backends[index] ?? first }))
      for (const same of groupsOf(entries, options.case)) opened.push(...this.#openSame(same, shared))
      // They are wanted in the order that was asked for.
      opened.sort((a, b) => children.indexOf(a.child) - children.indexOf(b.child))
      return opened.map((one) => prepared(one, options.workload))
    } catch (error) {
      for (const child of children) child.close()
      throw error
    } finally {
      // What went wrong may have left them in a state that the next case must not meet.
      if (opened.length === 0 || opened.some((one) => !('subject' in one))) this.#kept.close()
      for (const fd of held) fd.close()
      this.#reap()
    }
  }

  /** Opens a case on one backend, as often as it was entered. One recording serves for all of them. */
  #openSame(
    entries: readonly Entry[],
    options: OpenOptions & {
      readonly before: ReadonlySet<number>
      readonly opening: Tape
      readonly taken: readonly number[]
      readonly sources: Sources
      readonly spare: readonly number[]
    },
  ): InChild[] {
    const [{ backend } = { backend: undefined }] = entries
    if (backend === undefined) return []
    try {
      const recording = recordCase({ ...options, backend, retire: this.#retired.taker(options.libc) })
      try {
        const programs = assemblePrograms({ ...options, recording })
        // A child inherits what is mapped, and would keep a ring alive whose end is waited for here.
        recording.close()
        return entries.map(({ child }) => {
          const { cpus, taken } = options
          const subject = new ReplaySubject({
            child,
            recording,
            programs,
            case: options.case,
            cpus,
            cost: this.#cost,
            quick: options.quick === true,
            onKilled: (killed) => this.#killed.push(killed),
          })
          child.start(unwantedBy(options), taken, libraryState(options, backend))
          // It opens everything while the next backend is recorded.
          subject.begin()
          return { backend, child, subject }
        })
      } finally {
        recording.close()
      }
    } catch (error) {
      const failed = notOpened(options.workload, backend, error)
      return entries.map(({ child }) => ({ ...failed, child }))
    }
  }
}

/** A subject, or why there is none, and the child that was meant for it. */
type InChild = { readonly backend: Backend; readonly child: ReplayChild } & (
  | { readonly subject: ReplaySubject }
  | ReturnType<typeof notOpened>
)

/**
 * The descriptors that a child must not have, because it opens them itself: all that were opened since the
 * recording began. They are many, and have the lowest numbers that were free; to list them would take longer.
 */
function unwantedBy({
  before,
  sources,
}: {
  readonly before: ReadonlySet<number>
  readonly sources: Sources
}): number[] {
  const last = sources.fds.reduce((most, fd) => Math.max(most, fd), Math.max(...before)) + MOST_OTHERS
  const unwanted: number[] = []
  for (let fd = 0; fd <= last; fd++) if (!before.has(fd)) unwanted.push(fd)
  return unwanted
}

/** How many descriptors a library may open for itself when it is first used. */
const MOST_SPARE = 16

/** Descriptors that keep numbers for what a library opens for itself in a child. */
function spareDescriptors(libc: Libc): OwnedFd[] {
  return Array.from(
    { length: MOST_SPARE },
    () => new OwnedFd(libc, sys(libc, 'fcntl', 2, F.DUPFD_CLOEXEC, 0)),
  )
}

/** A library that was put in front may have descriptors and threads of its own, which end with a fork. */
function libraryState(
  options: Parameters<typeof unwantedBy>[0] & { readonly libc: Libc; readonly spare: readonly number[] },
  { primer }: Backend,
): LibraryState {
  const { before, libc, spare } = options
  if (libc.plan.lib === undefined) return { last: -1, prime: NULL, spare }
  const prime = primer === undefined ? NULL : functionAddress(libc, primer.fn)
  return { last: Math.max(...before, ...unwantedBy(options)), prime, spare }
}

/** A backend that was entered, and the child that it is replayed in. */
interface Entry {
  readonly backend: Backend
  readonly child: ReplayChild
}

/**
 * Entries that can share a recording: those of one backend. Not so where threads work together, because such a
 * case counts what its threads do.
 */
function groupsOf(entries: readonly Entry[], { lanes = 1 }: Case): readonly (readonly Entry[])[] {
  if (lanes > 1) return entries.map((entry) => [entry])
  const names = [...new Set(entries.map(({ backend }) => backend.name))]
  return names.map((name) => entries.filter(({ backend }) => backend.name === name))
}

/** Waits for a child to have opened everything. One that cannot is closed. */
function prepared(one: InChild, workload: string): Opened {
  const { backend, child } = one
  try {
    if ('subject' in one) one.subject.await()
    else child.close()
    return one
  } catch (error) {
    child.close()
    return notOpened(workload, backend, error)
  }
}
