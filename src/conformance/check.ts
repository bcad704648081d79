/**
 * What a check is, and what comes of it.
 */
import type { BackendName } from '../backends/index.ts'
import type { Machine } from './machine.ts'
import type { Step } from './steps.ts'

/** `contract`: documented, a failure is a bug. `de-facto`: programs rely on it. `quirk`: recorded only. */
export const levels = ['contract', 'de-facto', 'quirk'] as const
export type Level = (typeof levels)[number]

/** `det`: one thread, no clock. `time`: needs a clock. `thread`: several threads or processes. `race`: stress. */
export const kinds = ['det', 'time', 'thread', 'race'] as const
export type Kind = (typeof kinds)[number]

/** What a run of a check may end in. See design §6. */
export const outcomes = ['pass', 'fail', 'diverges', 'unsupported', 'broken'] as const
export type Outcome = (typeof outcomes)[number]

/** What a check says of itself, whatever it is made of. */
interface CheckHead {
  /** From the catalogue: `epoll.lt.basic-in`. Unique, and stable: expectation files refer to it. */
  readonly id: string
  /** One sentence: what must hold. */
  readonly statement: string
  readonly level: Level
  readonly kind: Kind
  /** Where the expectation comes from: manual page, test suite, bug report, or `measured`. */
  readonly source: string
  /** The backends that it applies to. */
  readonly backends: readonly BackendName[]
  /** How many threads besides the main one it uses at once. */
  readonly threads?: number
  /** How long it takes, where that is far from what is usual of its kind: for dividing checks among processes. */
  readonly takesMs?: number
  /** How many descriptors it needs to be free; with fewer it is unsupported. */
  readonly descriptors?: number
  /** Why it matters, in a sentence or two, where the family's own `why` does not say it. */
  readonly why?: string
  /** Real bugs that it would have caught: where, and what happened (`gvisor#9951: …`). */
  readonly bugs?: readonly string[]
  /** How backends or systems differ in this. */
  readonly differs?: string
}

/** A check is a scenario, given as data or built for the backend under test, or a typed function, which may be asynchronous. */
export type Check = CheckHead &
  (
    | { readonly steps: readonly Step[] | ((backend: BackendName) => readonly Step[]) }
    | { readonly run: (machine: Machine) => void | Promise<void> }
  )

/** Checks that are about one thing, and make one row of the matrix. */
export interface Family {
  readonly name: string
  /** Shown in the matrix and in explanations. */
  readonly title: string
  /** Why the family matters: what breaks in a program where one of its checks fails. */
  readonly why: string
  readonly checks: readonly Check[]
}

/** The result of one check on one backend, as it stands in the JSON report. */
export interface CheckResult {
  readonly id: string
  readonly family: string
  readonly backend: BackendName
  readonly level: Level
  readonly outcome: Outcome
  readonly expected?: string
  readonly actual?: string
  /** The step that failed, in words: `step 4: epoll_wait(ep, 8, 0 ms)`. */
  readonly step?: string
  /** The reason of `unsupported` and `broken`, the note of a race, or advice. */
  readonly message?: string
  /** Of all its runs together, where there were several. */
  readonly durationMs: number
  /** How often each outcome came, where the check ran several times. `outcome` is the worst of them. */
  readonly runs?: Readonly<Partial<Record<Outcome, number>>>
}

/** Thrown when a step gives something else than expected. It is the check that failed, not the set-up. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly expected: string
  readonly actual: string

  constructor(expected: string, actual: string) {
    super(`expected ${expected}, got ${actual}`)
    this.expected = expected
    this.actual = actual
  }
}
