/** What a pool and its threads say to each other by messages: all that has no place in shared memory. */
import type { WakeHandle } from '../../backends/backend.ts'
import type { BackendName } from '../../backends/index.ts'
import type { LibcPlan } from '../../libc/libc.ts'
import type { PoolPlan } from './shared.ts'

/** A function by its number, for all messages that follow. */
export interface Definition {
  readonly id: number
  /** An absolute URL. */
  readonly module: string
  readonly name: string
}

export interface ThreadData {
  readonly pool: PoolPlan
  readonly thread: number
  readonly libc: LibcPlan
  readonly backend: BackendName
  readonly definitions: readonly Definition[]
}

/** What a job is called with. By its serial it is told from other jobs that its slot has had. */
export interface JobArguments {
  readonly slot: number
  readonly serial: number
  readonly values: readonly unknown[]
}

/** From the main thread. */
export type Mail =
  | { readonly kind: 'define'; readonly definition: Definition }
  | { readonly kind: 'arguments'; readonly jobs: readonly JobArguments[] }

/** Why a job could not be run. */
export type Refusal = 'no-function' | 'asynchronous' | 'not-cloneable'

/** To the main thread. */
export type Report =
  | { readonly kind: 'ready'; readonly handle: WakeHandle }
  | { readonly kind: 'look' }
  | { readonly kind: 'arguments'; readonly slots: readonly number[] }
  | { readonly kind: 'result'; readonly slot: number; readonly value: unknown }
  | { readonly kind: 'threw'; readonly slot: number; readonly error: unknown }
  | { readonly kind: 'refused'; readonly slot: number; readonly why: Refusal; readonly reason: string }
