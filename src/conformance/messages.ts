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
  /** The child runs at all: said before anything native is touched. */
  | { readonly kind: 'hello' }
  /** The library, or the binding, cannot be loaded. */
  | { readonly kind: 'library'; readonly library: string; readonly reason: string }
  | { readonly kind: 'check'; readonly id: string }
  | { readonly kind: 'step'; readonly step: string }
  | { readonly kind: 'result'; readonly result: CheckResult }

/** The descriptor that the child writes its messages to. */
export const MESSAGE_FD = 3
