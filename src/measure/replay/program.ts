import { functionAddress } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory, scratch } from '../../libc/memory.ts'
import { nativeArguments } from '../../libc/native-library.ts'
import { signatures } from '../../libc/signatures.ts'
import type { FunctionName } from '../../libc/signatures.ts'
import { varyingArgument } from '../record/tape.ts'
import type { RecordedAction, RecordedCall, RecordedEntry, Tape } from '../record/tape.ts'
import { ACTION, ActionKind, ARGUMENTS, PLAIN_ARGUMENTS, STEP } from './layout.ts'

/** What an action holds, but for what is zero. */
interface Action {
  readonly kind: number
  readonly varies?: number
  readonly narrow?: boolean
  readonly checks?: boolean
  readonly binds?: number
  readonly bound?: boolean
  readonly error?: number
  readonly function?: number
  readonly arguments?: readonly number[]
  readonly expected?: number
  readonly address?: number
  readonly words?: number
  readonly sum?: bigint
}

/** What an action was recorded as; of a call that takes several actions, which output this one checks. */
export interface Origin {
  readonly action: RecordedAction
  readonly output: number
}

/** A program for the replayer, in native memory. */
export interface Program {
  readonly actions: Memory
  readonly steps: Memory
  readonly count: number
  /** How many marks one run through it makes. */
  readonly marks: number
  /** What each of its actions was recorded as. */
  readonly origins: readonly Origin[]
  /** What its addresses lead to; to be held for as long as it may run. */
  readonly memory: ReadonlySet<Memory>
}

/** What a step was recorded as, and its number; undefined behind the last one. */
export function originOf(
  { steps, origins, count }: Program,
  step: number,
): (Origin & { readonly number: number }) | undefined {
  if (step >= count) return undefined
  const at = step * STEP.size
  const origin = origins[steps.view.getUint32(at + STEP.offsets.action, true)]
  return origin && { ...origin, number: steps.view.getInt32(at + STEP.offsets.number, true) }
}

/** The native form of an action; a call that leaves several outputs takes one more action for each of the others. */
function actionsOf(
  action: RecordedAction,
  functionOf: (name: FunctionName) => number,
  keep: (memory: Memory) => void,
): readonly Action[] {
  switch (action.kind) {
    case 'call': {
      const { kind, varies, passed } = howToCall(action)
      const [first, ...others] = action.outputs
      const call = {
        kind,
        varies,
        narrow: signatures[action.name].result === 'i32',
        checks: action.checked,
        binds: action.binds === undefined ? 0 : action.binds + 1,
        bound: action.bound === true,
        error: action.errno,
        function: functionOf(action.name),
        arguments: passed,
        expected: action.result,
        ...first,
      }
      return [call, ...others.map((output) => ({ kind: ActionKind.CHECK, ...output }))]
    }
    case 'store':
      return [{ kind: action.width === 1 ? ActionKind.STORE8 : ActionKind.STORE32, address: action.address }]
    case 'put':
    case 'read':
      return [entryAction(action, keep)]
    case 'count':
      return [queueAction(ActionKind.COUNT, action.tail.slot, [action.head.offset, action.tail.offset])]
    case 'advance':
      return [queueAction(ActionKind.ADVANCE, action.counter.slot, [action.counter.offset])]
    case 'mark':
      return [{ kind: ActionKind.TIME }]
    case 'pace':
      return [{ kind: ActionKind.PACE }]
    case 'barrier':
      return [{ kind: ActionKind.BARRIER }]
  }
}

/** The entry as it is to be is put into memory, which `keep` gets. */
function entryAction(entry: RecordedEntry, keep: (memory: Memory) => void): Action {
  const { kind, counter, entries, capacity, ahead, words, places, compared } = entry
  const template = scratch(4 * words.length)
  new Int32Array(template.bytes.buffer, template.bytes.byteOffset, words.length).set(words)
  keep(template)
  return {
    kind: kind === 'put' ? ActionKind.PUT : ActionKind.READ,
    address: entries.offset,
    words: words.length,
    arguments: [
      counter.offset,
      capacity - 1,
      ahead,
      template.address,
      places,
      compared,
      counter.slot,
      entries.slot,
    ],
  }
}

/** The slots of the mappings come behind the arguments of all actions on queues. */
function queueAction(kind: number, slot: number, offsets: readonly number[]): Action {
  const [first = 0, second = 0] = offsets
  return { kind, arguments: [first, second, 0, 0, 0, 0, slot] }
}

function howToCall({ name, args, opens, binds, bound }: RecordedCall): {
  readonly kind: number
  readonly varies: number
  readonly passed: readonly number[]
} {
  const passed = nativeArguments(name, args)
  if (opens === true) return { kind: ActionKind.OPEN, varies: 0, passed }
  const isPlain = passed.length <= PLAIN_ARGUMENTS && binds === undefined && bound !== true
  const kind = isPlain ? ActionKind.CALL : ActionKind.CALL_ANY
  const varying = varyingArgument(name)
  return { kind, varies: varying === undefined ? 0 : varying + 1, passed }
}

/** Makes one program of tapes, one after the other. */
export function assemble(libc: Libc, tapes: readonly Tape[]): Program {
  const addresses = new Map<FunctionName, number>()
  const functionOf = (name: FunctionName): number => {
    const known = addresses.get(name) ?? functionAddress(libc, name)
    addresses.set(name, known)
    return known
  }
  const actions: Action[] = []
  const origins: Origin[] = []
  const memory = new Set<Memory>()
  const placed: { readonly tape: Tape; readonly native: readonly Placed[] }[] = []
  for (const tape of tapes) {
    for (const owner of tape.memory) memory.add(owner)
    const native = tape.actions.map((action) => {
      const made = actionsOf(action, functionOf, (kept) => memory.add(kept))
      const first = actions.length
      actions.push(...made)
      origins.push(...made.map((_, output) => ({ action, output })))
      return { first, count: made.length }
    })
    placed.push({ tape, native })
  }
  const inMemory = new Memory(actions.length * ACTION.size)
  for (const [index, action] of actions.entries()) writeAction(inMemory, index * ACTION.size, action)
  let count = 0
  for (const { tape, native } of placed) {
    for (let step = 0; step < tape.length; step++) count += native[tape.actionAt(step)]?.count ?? 0
  }
  const steps = new Memory(count * STEP.size)
  const words = new Int32Array(steps.bytes.buffer)
  const areMarks = origins.map(({ action: { kind } }) => kind === 'mark' || kind === 'pace')
  let marks = 0
  let at = 0
  for (const { tape, native } of placed) {
    for (let step = 0; step < tape.length; step++) {
      const one = native[tape.actionAt(step)]
      if (one === undefined) continue
      if (areMarks[one.first] === true) marks++
      for (let i = 0; i < one.count; i++) {
        words[at++] = one.first + i
        words[at++] = i === 0 ? tape.numberAt(step) : 0
      }
    }
  }
  return { actions: inMemory, steps, count, marks, origins, memory }
}

/** Where the native actions of a recorded one are, and how many they are. */
interface Placed {
  readonly first: number
  readonly count: number
}

function writeAction({ view }: Memory, at: number, action: Action): void {
  const { offsets } = ACTION
  const byte = (
    name: 'kind' | 'varies' | 'narrow' | 'checks' | 'binds' | 'bound',
    value: boolean | number,
  ): void => view.setUint8(at + offsets[name], Number(value))
  byte('kind', action.kind)
  byte('varies', action.varies ?? 0)
  byte('narrow', action.narrow === true)
  byte('checks', action.checks === true)
  byte('binds', action.binds ?? 0)
  byte('bound', action.bound === true)
  view.setInt32(at + offsets.error, action.error ?? 0, true)
  view.setUint32(at + offsets.words, action.words ?? 0, true)
  view.setBigUint64(at + offsets.function, BigInt(action.function ?? 0), true)
  for (const [i, value] of (action.arguments ?? []).slice(0, ARGUMENTS).entries()) {
    view.setBigInt64(at + offsets.arguments + 8 * i, BigInt(value), true)
  }
  view.setBigInt64(at + offsets.expected, BigInt(action.expected ?? 0), true)
  view.setBigUint64(at + offsets.address, BigInt(action.address ?? 0), true)
  view.setBigUint64(at + offsets.sum, action.sum ?? 0n, true)
}
