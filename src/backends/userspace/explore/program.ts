/** Small programs whose interleavings are explored: threads that change sources, change registrations, and wait. */

/** What a thread does, one after the other. Sources are numbered from 0, and so are registrations: one for each. */
export type Action =
  /** Makes a source ready, as a write does. */
  | { readonly does: 'signal'; readonly source: number }
  /** Makes a source unready, as a read does that takes all. */
  | { readonly does: 'take'; readonly source: number }
  | { readonly does: 'add' | 'modify'; readonly source: number; readonly events: number }
  | { readonly does: 'remove'; readonly source: number }
  /** Waits until there are events, and takes as many as `max`. */
  | { readonly does: 'wait'; readonly max: number }
  /** Waits for the instance at the outer one that watches it, and then looks at it. */
  | { readonly does: 'wait outside' }
  /** Waits for one event at the rival instance. */
  | { readonly does: 'wait at the rival' }
  /** Closes a source for good: its registrations go, wherever they are. */
  | { readonly does: 'close'; readonly source: number }
  /** Looks once, and takes as many events as `max`. */
  | { readonly does: 'look'; readonly max: number }

export interface ExploredProgram {
  readonly name: string
  /** What it is about, in a sentence. */
  readonly about: string
  /** How each source is registered before the threads begin; undefined where it is not. */
  readonly sources: readonly (number | undefined)[]
  /** Sources that are ready from the beginning. */
  readonly ready?: readonly number[]
  /** Something is ready all the time: a look that finds nothing is wrong. */
  readonly neverIdle?: true
  /** How an outer instance watches the one that is explored; undefined where there is none. */
  readonly outer?: number
  /** How a second instance watches the first source, beside the one that is explored; undefined where there is none. */
  readonly rival?: number
  readonly threads: Readonly<Record<string, readonly Action[]>>
}

export const signal = (source: number): Action => ({ does: 'signal', source })
export const take = (source: number): Action => ({ does: 'take', source })
export const add = (source: number, events: number): Action => ({ does: 'add', source, events })
export const modify = (source: number, events: number): Action => ({ does: 'modify', source, events })
export const remove = (source: number): Action => ({ does: 'remove', source })
export const close = (source: number): Action => ({ does: 'close', source })
export const wait = (max = 1): Action => ({ does: 'wait', max })
export const waitOutside = (): Action => ({ does: 'wait outside' })
export const waitAtRival = (): Action => ({ does: 'wait at the rival' })
export const look = (max = 1): Action => ({ does: 'look', max })
