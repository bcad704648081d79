/** What a process that plays a scenario is told, and what it says: one JSON document a line. */
import type { BackendName } from '../../../backends/index.ts'
import type { Observation } from '../observation.ts'

/** The only argument of the child, as JSON. */
export interface PlayOrder {
  readonly backend: BackendName
  readonly lib: string | undefined
  /** A directory of this run: the steps are in it, and a FIFO may be made there. Whoever made it removes it. */
  readonly directory: string
}

export type PlayMessage =
  /** Everything is there, and the first step begins. */
  | { readonly kind: 'ready' }
  /** The backend is not there at all, and no step was made. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** What a step gave. The next one begins. */
  | { readonly kind: 'gave'; readonly observation: Observation }
  /** All steps are made, and what they have opened is closed. */
  | { readonly kind: 'done' }

/** The file of the steps in the directory of a run: as an argument, many would be too long. */
export const STEPS_FILE = 'steps.json'
