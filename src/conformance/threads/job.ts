/**
 * What the main thread and a waiter thread exchange: plain data in shared memory. Everything is synchronous,
 * because the main thread runs checks without ever turning its event loop.
 */
import type { LibcPlan } from '../../libc/libc.ts'
import type { FunctionName } from '../../libc/signatures.ts'

/** One native call with final arguments: descriptors, numbers, addresses of memory that the main thread holds. */
export interface Invocation {
  readonly fn: FunctionName
  readonly args: readonly (number | string)[]
}

/** Calls to make in order, over and over. */
export interface Job {
  readonly calls: readonly (Invocation & {
    /** The job ends at the first result that is none of these; an errno is written as a negative number. */
    readonly accept?: readonly number[]
  })[]
  /** How many rounds at the most; `stop` may end it earlier. */
  readonly rounds: number
}

/** For `rounds`: until `stop`. A number, because a job travels as JSON, which has no infinity. */
export const UNTIL_STOPPED = Number.MAX_SAFE_INTEGER

export interface JobResult {
  readonly rounds: number
  /** The last call that was made, what it returned, and errno if that was -1. */
  readonly call: number
  readonly result: number
  readonly errno: number
  /** Whether the last call's result was not accepted. */
  readonly rejected: boolean
  /** For each call, how many of its results were not negative. */
  readonly succeeded: readonly number[]
  /** For each call, the sum of those: of reads, how many bytes came. */
  readonly sums: readonly number[]
  /** How long the last call took, by the monotonic clock. */
  readonly elapsedNs: number
}

/** What a thread answers if the job itself was wrong. */
export interface JobError {
  readonly error: string
}

/** Words of the control block at the head of the shared memory. */
export const Word = { STATE: 0, STOP: 1, TID: 2, LENGTH: 3 } as const

/** Values of `Word.STATE`. CALLING is set right before the first native call. */
export const State = { STARTING: 0, IDLE: 1, POSTED: 2, CALLING: 3, DONE: 4, EXIT: 5 } as const

/** Bytes before the message, and bytes in all. */
export const MESSAGE_OFFSET = 64
export const SHARED_SIZE = 64 * 1024

export interface ThreadData {
  readonly plan: LibcPlan
  readonly shared: SharedArrayBuffer
}
