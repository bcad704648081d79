/** What the child process of a probe is told, and what it says. */
import type { BackendName } from '../backends/index.ts'
import type { Outcome } from './outcome.ts'

export interface ProbeOrder {
  readonly lib: string | undefined
  readonly backends: readonly BackendName[]
  /** Ids of the tries to make, of all those of these backends. */
  readonly ids: readonly string[]
}

export type ProbeMessage =
  | { readonly kind: 'try'; readonly id: string }
  | { readonly kind: 'outcome'; readonly id: string; readonly outcome: Outcome }
