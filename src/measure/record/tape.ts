/** What was recorded: the calls of one thread in order, and what happened between them. */
import type { Memory } from '../../libc/memory.ts'
import { signatures } from '../../libc/signatures.ts'
import type { FunctionName } from '../../libc/signatures.ts'

/** What a call left in memory. */
export interface Output {
  readonly address: number
  /** How many whole 32-bit words, and their sum, weighted by their place as the replayer does. */
  readonly words: number
  readonly sum: bigint
  /** The first bytes of them, to be shown where the replay differs. */
  readonly bytes: Uint8Array
}

export interface RecordedCall {
  readonly kind: 'call'
  readonly name: FunctionName
  readonly args: readonly number[]
  readonly result: number
  /** errno, where the result is -1. */
  readonly errno: number
  /** Whether the result must be the same in every replay. */
  readonly checked: boolean
  readonly outputs: readonly Output[]
}

/** A store that was made between two calls, found by comparing memory: `width` bytes. */
interface RecordedStore {
  readonly kind: 'store'
  readonly address: number
  readonly width: 1 | 4
  readonly value: number
}

/** A call of a native function that is not of libc: without arguments, and returning 0. */
interface NativeStep {
  readonly kind: 'native'
  readonly address: number
}

export type RecordedStep =
  | RecordedCall
  | RecordedStore
  | NativeStep
  | { readonly kind: 'mark' | 'pace' | 'barrier' }

export interface Tape {
  readonly steps: readonly RecordedStep[]
  /** The memory that addresses of the steps lie in. It lives as long as the tape. */
  readonly memory: ReadonlySet<Memory>
}

/** A call as a person reads it: memory is not named by its address. */
export function describeCall({ name, args }: RecordedCall): string {
  const kinds = signatures[name].args
  const shown = args.map((value, i) => (kinds[i] !== 'pointer' ? String(value) : value === 0 ? 'NULL' : 'memory'))
  return `${name}(${shown.join(', ')})`
}
