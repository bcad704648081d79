/** What a child process that runs checks is told, and what it says: one JSON document a line. */
import type { BackendName } from '../backends/index.ts'
import type { CheckResult } from './check.ts'

/** The only argument of the child, as JSON. */
export interface ChildOrder {
  readonly backend: BackendName
  /** Ids of the checks to run, in order. */
  readonly ids: readonly string[]
  readonly lib: string | undefined
}

export type ChildMessage =
  /** The backend is not there at all: every check will be unsupported for this reason. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'check'; readonly id: string }
  | { readonly kind: 'step'; readonly step: string }
  /** What the result of the running check will be, if the child lives to tidy up after it. */
  | { readonly kind: 'failure'; readonly result: CheckResult }
  | { readonly kind: 'result'; readonly result: CheckResult }
