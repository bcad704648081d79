import { functionAddress } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { nativeArguments } from '../../libc/native-library.ts'
import { signatures } from '../../libc/signatures.ts'
import type { FunctionName } from '../../libc/signatures.ts'
import type { RecordedCall, RecordedStep, Tape } from '../record/tape.ts'
import { ACTION, ActionKind, ARGUMENTS, PLAIN_ARGUMENTS, STEP } from './layout.ts'

/** What an action holds, but for what is zero. */
interface Action {
  readonly kind: number
  readonly varies?: boolean
  readonly narrow?: boolean
  readonly checks?: boolean
  readonly error?: number
  readonly function?: number
  readonly arguments?: readonly number[]
  readonly expected?: number
  readonly address?: number
  readonly words?: number
  readonly sum?: bigint
}

/** A program for the replayer, in native memory. */
export interface Program {
  readonly actions: Memory
  readonly steps: Memory
  readonly count: number
  /** How many marks one run through it makes. */
  readonly marks: number
  /** The recorded step that a step of the program stems from, and how many calls came before it. */
  readonly origins: readonly RecordedStep[]
  /** What its addresses lead to; to be held for as long as it may run. */
  readonly memory: ReadonlySet<Memory>
}

/** Collects steps; those that do the same but for one number share an action. */
class Assembler {
  readonly #actions: Action[] = []
  readonly #indices = new Map<string, number>()
  readonly #steps: number[] = []
  readonly #origins: RecordedStep[] = []
  readonly #functions = new Map<FunctionName, number>()
  readonly #libc: Libc

  constructor(libc: Libc) {
    this.#libc = libc
  }

  add(step: RecordedStep): void {
    switch (step.kind) {
      case 'call':
        this.#addCall(step)
        return
      case 'store': {
        const kind = step.width === 1 ? ActionKind.STORE8 : ActionKind.STORE32
        this.#push(step, { kind, address: step.address }, step.value)
        return
      }
      case 'native':
        this.#push(step, { kind: ActionKind.CALL, narrow: true, checks: true, function: step.address }, 0)
        return
      case 'mark':
        this.#push(step, { kind: ActionKind.TIME }, 0)
        return
      case 'pace':
        this.#push(step, { kind: ActionKind.PACE }, 0)
        return
      case 'barrier':
        this.#push(step, { kind: ActionKind.BARRIER }, 0)
    }
  }

  #addCall(call: RecordedCall): void {
    const { args: kinds, result } = signatures[call.name]
    const passed = nativeArguments(call.name, call.args)
    const plain = passed.length <= PLAIN_ARGUMENTS
    // A first argument of 32 bits is a descriptor more often than not, and differs from call to call.
    const varies = kinds[0] === 'i32' || kinds[0] === 'u32'
    const [first, ...others] = call.outputs
    this.#push(
      call,
      {
        kind: plain ? ActionKind.CALL : ActionKind.CALL_ANY,
        varies,
        narrow: result === 'i32',
        checks: call.checked,
        error: call.errno,
        function: this.#functionOf(call.name),
        arguments: varies ? [0, ...passed.slice(1)] : passed,
        expected: call.result,
        ...first,
      },
      varies ? (passed[0] ?? 0) : 0,
    )
    for (const output of others) this.#push(call, { kind: ActionKind.CHECK, ...output }, 0)
  }

  #functionOf(name: FunctionName): number {
    let address = this.#functions.get(name)
    if (address === undefined) this.#functions.set(name, (address = functionAddress(this.#libc, name)))
    return address
  }

  #push(origin: RecordedStep, action: Action, number: number): void {
    const key = keyOf(action)
    let index = this.#indices.get(key)
    if (index === undefined) {
      index = this.#actions.push(action) - 1
      this.#indices.set(key, index)
    }
    this.#steps.push(index, number)
    this.#origins.push(origin)
  }

  finish(memory: ReadonlySet<Memory>): Program {
    const actions = new Memory(this.#actions.length * ACTION.size)
    for (const [index, action] of this.#actions.entries()) writeAction(actions, index * ACTION.size, action)
    const steps = new Memory(this.#origins.length * STEP.size)
    new Int32Array(steps.bytes.buffer).set(this.#steps)
    const isMark = ({ kind }: RecordedStep): boolean => kind === 'mark' || kind === 'pace'
    const origins = this.#origins
    return { actions, steps, count: origins.length, marks: origins.filter(isMark).length, origins, memory }
  }
}

function keyOf(action: Action): string {
  const { kind, function: fn, arguments: args, expected, error, checks, address, words, sum } = action
  return [kind, fn, args?.join(' '), expected, error, checks, address, words, sum].join('|')
}

function writeAction({ view }: Memory, at: number, action: Action): void {
  const { offsets } = ACTION
  const byte = (name: 'kind' | 'varies' | 'narrow' | 'checks', value: boolean | number): void =>
    view.setUint8(at + offsets[name], Number(value))
  byte('kind', action.kind)
  byte('varies', action.varies === true)
  byte('narrow', action.narrow === true)
  byte('checks', action.checks === true)
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

/** Makes one program of tapes, one after the other. */
export function assemble(libc: Libc, tapes: readonly Tape[]): Program {
  const assembler = new Assembler(libc)
  const memory = new Set<Memory>()
  for (const tape of tapes) {
    for (const step of tape.steps) assembler.add(step)
    for (const owner of tape.memory) memory.add(owner)
  }
  return assembler.finish(memory)
}
