/** What processes that run checks, or steps of one check, are told, and what they say: one JSON document a line. */
import type { BackendName } from '../backends/index.ts'
import type { BindingName } from '../libc/libc.ts'
import type { CheckResult } from './check.ts'
import type { Place } from './whereabouts.ts'
import type { PeerAction } from './steps.ts'

/** The only argument of the child, as JSON. */
export interface ChildOrder {
  readonly backend: BackendName
  /** Ids of the checks to run, in order. */
  readonly ids: readonly string[]
  readonly lib: string | undefined
  /** Whether `SHARED_FD` is the file in which the child says where it is. If not, it sends messages of it. */
  readonly hasWhereabouts: boolean
  /** Why no threads are to be started; checks that need some are unsupported then. */
  readonly noThreads?: string | undefined
}

export type ChildMessage =
  /** Everything is there, and the first check begins. */
  | { readonly kind: 'ready' }
  /** The backend is not there at all: every check will be unsupported for this reason. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'place'; readonly place: Place }
  /** What the result of the running check will be, if the child lives to tidy up after it. */
  | { readonly kind: 'failure'; readonly result: CheckResult }
  | { readonly kind: 'result'; readonly result: CheckResult }

/** The only argument of a peer, as JSON. */
export interface PeerSetup {
  readonly backend: BackendName
  readonly lib?: string | undefined
  readonly ffi: BindingName
  /** Where it reads its orders, and where it writes its answers. */
  readonly orders: number
  readonly answers: number
  /** The descriptors that it has inherited, by their names in the scenario. */
  readonly inherited: Readonly<Record<string, number>>
}

/** One step for a peer, and the labels of the scenario so far. */
export interface PeerOrder {
  readonly step: PeerAction
  readonly labels: readonly string[]
}

export type PeerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failure'; readonly expected: string; readonly actual: string }
  | { readonly kind: 'unsupported'; readonly feature: string; readonly reason: string }
  /** The set-up did not succeed: not the fault of what is checked. */
  | { readonly kind: 'broken'; readonly message: string }
