/** What was recorded: the calls of one thread in order, and what happened between them. */
import { errnoName } from '../../libc/libc.ts'
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

/** A call. Its varying argument is the step's number, and 0 here. */
export interface RecordedCall {
  readonly kind: 'call'
  readonly name: FunctionName
  readonly args: readonly number[]
  /** 0 where the step's number is the result: of calls that open a descriptor. */
  readonly result: number
  readonly opens?: boolean
  /** errno, where the result is -1. */
  readonly errno: number
  /** Whether the result must be the same in every replay. */
  readonly checked: boolean
  /** The slot that keeps its result, a descriptor that may have another number in each replay. */
  readonly binds?: number | undefined
  /** Its varying argument is such a descriptor, and the step's number is the slot. */
  readonly bound?: boolean
  readonly outputs: readonly Output[]
}

/** A store that was made between two calls, found by comparing memory. The step's number is what was stored. */
interface RecordedStore {
  readonly kind: 'store'
  readonly address: number
  /** In bytes. */
  readonly width: 1 | 4
}

/** An address in a mapping that may lie elsewhere in each replay. */
export interface Mapped {
  /** The slot that keeps where the mapping is. */
  readonly slot: number
  readonly offset: number
}

/** An entry of a `SharedQueue` that was written or read. Where it is depends on what its counter is by then. */
export interface RecordedEntry {
  readonly kind: 'put' | 'read'
  /** The counter (the tail of who puts, the head of who reads), and the first entry. */
  readonly counter: Mapped
  readonly entries: Mapped
  readonly capacity: number
  readonly ahead: number
  /** What is in it; the words that have a bit in `places` are the step's number, and zero here. */
  readonly words: Int32Array
  readonly places: number
  /** Of an entry that is read: the words that must be the same in every replay, as bits. */
  readonly compared: number
}

/** A look at how many entries there are, which is the step's number. Both counters lie in one mapping. */
interface RecordedCount {
  readonly kind: 'count'
  readonly head: Mapped
  readonly tail: Mapped
}

/** The step's number is added to a counter, after all that was written or read before. */
interface RecordedAdvance {
  readonly kind: 'advance'
  readonly counter: Mapped
}

/** What happens in memory that is shared with the kernel. */
export type RecordedQueueStep = RecordedEntry | RecordedCount | RecordedAdvance

/** What a step does, but for its number. */
export type RecordedAction =
  | RecordedCall
  | RecordedStore
  | RecordedQueueStep
  | { readonly kind: 'mark' | 'pace' | 'barrier' }

/** Whether an action happens in a queue. */
export function isQueueStep(action: RecordedAction): action is RecordedQueueStep {
  return ['put', 'read', 'count', 'advance'].includes(action.kind)
}

/**
 * Which argument of a function, from 0, differs from step to step more often than any other: the descriptor that
 * it is about. Undefined where there is none of 32 bits.
 */
export function varyingArgument(name: FunctionName): 0 | 2 | undefined {
  if (name === 'epoll_ctl') return 2
  const [first] = signatures[name].args
  return first === 'i32' || first === 'u32' ? 0 : undefined
}

/**
 * A sequence of steps. Steps that do the same but for one number share an action, for a cycle over ten thousand
 * descriptors has tens of thousands of steps.
 */
export class Tape {
  /** Every action once. */
  readonly actions: RecordedAction[] = []
  /** The memory that addresses lie in. It lives as long as the tape. */
  readonly memory = new Set<Memory>()
  readonly #indices = new Map<string, number>()
  /** By address, for each width. */
  readonly #storeIndices = { 1: new Map<number, number>(), 4: new Map<number, number>() } as const
  readonly #lastCall = new Map<FunctionName, number>()
  /** By how far it was ahead. */
  readonly #lastEntry = new Map<number, number>()
  #steps = new Int32Array(32)
  #length = 0

  /** How many steps it has. */
  get length(): number {
    return this.#length
  }

  /** Adds what is the same every time. Actions with the same key are one. */
  add(key: string, action: () => RecordedAction, number = 0): void {
    let index = this.#indices.get(key)
    if (index === undefined) {
      index = this.actions.push(action()) - 1
      this.#indices.set(key, index)
    }
    this.#push(index, number)
  }

  addPlain(kind: 'mark' | 'pace' | 'barrier'): void {
    this.add(kind, () => ({ kind }))
  }

  addStore(address: number, width: 1 | 4, value: number): void {
    const indices = this.#storeIndices[width]
    let index = indices.get(address)
    if (index === undefined) {
      index = this.actions.push({ kind: 'store', address, width }) - 1
      indices.set(address, index)
    }
    this.#push(index, value)
  }

  /** Adds an entry of a queue. `number` is what stands in its `places`. */
  addEntry(entry: Omit<RecordedEntry, 'words'>, words: Int32Array, number: number): void {
    const { kind, counter, ahead, places } = entry
    // Most entries hold what the last one in their place held, and words are compared faster than written.
    const last = this.#lastEntry.get(ahead)
    const action = last === undefined ? undefined : this.actions[last]
    if (last !== undefined && action !== undefined && isSameEntry(action, entry, words)) {
      this.#push(last, number)
      return
    }
    const others = words.map((word, index) => (((places >>> index) & 1) === 1 ? 0 : word))
    const key = `${kind} ${entry.entries.slot} ${counter.offset} ${ahead} ${places} ${others.join(' ')}`
    this.add(key, () => ({ ...entry, words: others }), number)
    this.#lastEntry.set(ahead, this.actionAt(this.#length - 1))
  }

  /** The action of the last step, for `repeat`. */
  get lastAction(): number {
    return this.actionAt(this.#length - 1)
  }

  /** Adds a step that does what another one does, but for its number. */
  repeat(action: number, number: number): void {
    this.#push(action, number)
  }

  addCall(call: RecordedCall, number: number): void {
    // Most calls do what the last one of their function did.
    const last = this.#lastCall.get(call.name)
    const action = last === undefined ? undefined : this.actions[last]
    if (last !== undefined && action?.kind === 'call' && isSameCall(action, call)) {
      this.#push(last, number)
      return
    }
    this.add(keyOf(call), () => call, number)
    this.#lastCall.set(call.name, this.actionAt(this.#length - 1))
  }

  #push(index: number, number: number): void {
    if (2 * this.#length + 2 > this.#steps.length) {
      const wider = new Int32Array(2 * this.#steps.length)
      wider.set(this.#steps)
      this.#steps = wider
    }
    this.#steps[2 * this.#length] = index
    this.#steps[2 * this.#length + 1] = number
    this.#length++
  }

  /** The action of a step, as an index into `actions`. */
  actionAt(step: number): number {
    return this.#steps[2 * step] ?? 0
  }

  numberAt(step: number): number {
    return this.#steps[2 * step + 1] ?? 0
  }

  /** How many calls there are, of libc. */
  get calls(): number {
    let calls = 0
    const areCalls = this.actions.map(({ kind }) => kind === 'call')
    for (let step = 0; step < this.#length; step++) if (areCalls[this.actionAt(step)] === true) calls++
    return calls
  }

  /** Adds what another tape holds, behind all that there is. */
  append(other: Tape): void {
    const first = this.actions.length
    this.actions.push(...other.actions)
    for (const memory of other.memory) this.memory.add(memory)
    for (let step = 0; step < other.length; step++)
      this.#push(first + other.actionAt(step), other.numberAt(step))
  }

  /** The same steps, whose actions are others. */
  map(change: (action: RecordedAction, index: number) => RecordedAction): Tape {
    const tape = new Tape()
    tape.actions.push(...this.actions.map(change))
    for (const memory of this.memory) tape.memory.add(memory)
    tape.#steps = this.#steps
    tape.#length = this.#length
    return tape
  }
}

/** A call as a person reads it: memory is not named by its address. */
export function describeCall({ name, args, bound }: RecordedCall, number: number): string {
  const kinds = signatures[name].args
  const shown = args.map((value, i) => {
    if (i === varyingArgument(name)) return bound === true ? `unchecked ${number}` : String(number)
    return kinds[i] !== 'pointer' ? String(value) : value === 0 ? 'NULL' : 'memory'
  })
  return `${name}(${shown.join(', ')})`
}

/** What a step's call has returned, as a person reads it. */
export function resultOfStep(call: RecordedCall, number: number): string {
  return call.opens === true ? String(number) : resultOf(call)
}

/** A result as a person reads it: with errno, where that says why it failed. */
export function resultOf({ result, errno }: Pick<RecordedCall, 'result' | 'errno'>): string {
  return result === -1 ? `-1 (${errnoName(errno)})` : String(result)
}

function isSameEntry(
  action: RecordedAction,
  { kind, counter, entries, ahead, places }: Omit<RecordedEntry, 'words'>,
  words: Int32Array,
): boolean {
  if (action.kind !== kind || action.ahead !== ahead || action.places !== places) return false
  if (action.counter.slot !== counter.slot || action.counter.offset !== counter.offset) return false
  if (action.entries.slot !== entries.slot || action.words.length !== words.length) return false
  for (let i = 0; i < words.length; i++) {
    if (((places >>> i) & 1) === 0 && action.words[i] !== words[i]) return false
  }
  return true
}

function isSameCall(a: RecordedCall, b: RecordedCall): boolean {
  return (
    a.result === b.result &&
    a.opens === b.opens &&
    a.errno === b.errno &&
    a.checked === b.checked &&
    a.binds === b.binds &&
    a.bound === b.bound &&
    a.args.every((value, i) => value === b.args[i]) &&
    a.outputs.length === b.outputs.length &&
    a.outputs.every(({ address, sum }, i) => address === b.outputs[i]?.address && sum === b.outputs[i]?.sum)
  )
}

function keyOf(call: RecordedCall): string {
  const { name, args, result, opens, errno, checked, binds, bound, outputs } = call
  const left = outputs.map(({ address, sum }) => `${address}=${sum}`)
  return `${name} ${args.join(' ')} ${result} ${opens} ${errno} ${checked} ${binds} ${bound} ${left.join(' ')}`
}
