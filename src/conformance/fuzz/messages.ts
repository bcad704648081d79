import type { BackendName } from '../../backends/index.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'
import type { Difference } from './lockstep.ts'

/** A part of the programs of a seed. */
export interface Share {
  readonly seed: number
  /** How many programs all children together play. Undefined: for as long as they are let. */
  readonly runs: number | undefined
  /** Programs before this one are left out. */
  readonly first: number
  /** Which of how many children this one is: they take turns by chunks of programs. */
  readonly job: number
  readonly jobs: number
}

/** A program that is made shorter, where another process has ended: the answers up to there are known. */
export interface Shortening {
  readonly shorten: readonly ScenarioStep[]
  readonly known: number
  readonly yes: readonly number[]
}

/** What a child is to do: its share of the programs of a seed, one program, or to make one shorter. */
export type FuzzTask = Share | Shortening | { readonly program: readonly ScenarioStep[] }

export type FuzzOrder = FuzzTask & {
  readonly backend: BackendName
  readonly lib: string | undefined
  /** Where programs may have a FIFO. */
  readonly directory: string
  readonly hasWhereabouts: boolean
}

/** How far a child has got. */
export interface FuzzProgress {
  readonly programs: number
  readonly steps: number
  /** How often each rule has explained a difference. */
  readonly rules: Readonly<Record<string, number>>
  /** It has played all of its programs that come before this one. */
  readonly next: number
}

export type FuzzMessage =
  | ({ readonly kind: 'progress' } & FuzzProgress)
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** The first difference of its share, as it was found, and then as short as it got. */
  | { readonly kind: 'difference'; readonly index: number; readonly difference: Difference }
  | { readonly kind: 'shrunk'; readonly index: number; readonly difference: Difference }
  /** What was tried shows it still: which question it was, of those that shrinking asks. */
  | { readonly kind: 'still'; readonly question: number }
  /** What came of one program. */
  | { readonly kind: 'answer'; readonly difference?: Difference }
