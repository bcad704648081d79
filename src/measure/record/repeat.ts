import { constants as osConstants } from 'node:os'
import { MeasurementError } from '../../errors.ts'
import { sumOfWords } from './sum.ts'
import { describeCall, isQueueStep, resultOfStep } from './tape.ts'
import type { Output, RecordedAction, RecordedCall, Tape } from './tape.ts'

/** How often a cycle is recorded until two in a row were not interrupted from outside. */
const MOST_TRIES = 8

/**
 * Records a cycle until it does the same twice in a row, which it does at the second time or, where the first
 * one still had to find its pace, at the third; more often where a call was interrupted (EINTR), as it is by a
 * debugger, or by a ring of this process that has work left. A cycle has parts, and a part has a tape for each
 * lane. Throws `MeasurementError` where it does not.
 */
export function repeating(record: () => readonly (readonly Tape[])[]): readonly (readonly Tape[])[] {
  let before = record()
  let differed = false
  for (let tries = 1; ; tries++) {
    const after = record()
    if (tries >= MOST_TRIES || !isInterrupted([...before, ...after].flat())) {
      try {
        return merged(before, after)
      } catch (error) {
        if (!(error instanceof MeasurementError) || differed) throw error
        differed = true
      }
    }
    before = after
  }
}

function merged(
  before: readonly (readonly Tape[])[],
  after: readonly (readonly Tape[])[],
): readonly (readonly Tape[])[] {
  return before.map((tapes, part) =>
    tapes.map((tape, lane) => sameEveryTime(tape, after[part]?.[lane] ?? tape)),
  )
}

/** Whether a call was interrupted (EINTR), which is nobody's doing and will not happen in a replay. */
export function isInterrupted(tapes: readonly Tape[]): boolean {
  return tapes.some(({ actions }) =>
    actions.some((action) => action.kind === 'call' && action.errno === osConstants.errno.EINTR),
  )
}

/**
 * Two recordings of one cycle as one: the second, because what was stored before its first call is known; with
 * the outputs checked that were the same in both. Throws `MeasurementError` where the calls or results differ:
 * such a cycle cannot be replayed.
 */
function sameEveryTime(first: Tape, second: Tape): Tape {
  const before = callsOf(first)
  const after = callsOf(second)
  /** Of each action of the second, what of its outputs was the same every time. */
  const stable = new Map<number, readonly Output[]>()
  /** Which pairs of actions were compared already. They are few, and the steps are many. */
  const alike = new Pairs(second.actions.length)
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    const a = before[i]
    const b = after[i]
    const isPair = a !== undefined && b !== undefined
    const isSameNumber = isPair && first.numberAt(a) === second.numberAt(b)
    if (isSameNumber && alike.has(first.actionAt(a), second.actionAt(b))) continue
    const call = a === undefined ? undefined : first.actions[first.actionAt(a)]
    const again = b === undefined ? undefined : second.actions[second.actionAt(b)]
    const difference =
      isPair && call?.kind === 'call' && again?.kind === 'call'
        ? differenceOf(call, first.numberAt(a), again, second.numberAt(b))
        : `${described(first, a) ?? described(second, b)} is not made every time`
    if (difference !== undefined) {
      throw new MeasurementError(
        `the cycle does not repeat itself: call ${i + 1} of ${before.length}, ${difference}`,
      )
    }
    if (call?.kind !== 'call' || again?.kind !== 'call' || !isPair) continue
    const index = second.actionAt(b)
    if (isSameNumber) alike.add(first.actionAt(a), index)
    const left = stable.get(index) ?? again.outputs
    stable.set(
      index,
      left.flatMap((output) => partsInBoth(output, again.outputs, call.outputs)),
    )
  }
  const compared = sameEntries(first, second)
  const merged = second.map((action, index) => {
    const outputs = stable.get(index)
    const words = compared.get(index)
    if (action.kind === 'read' && words !== undefined) return { ...action, compared: words }
    return action.kind === 'call' && outputs !== undefined ? { ...action, outputs } : action
  })
  for (const memory of first.memory) merged.memory.add(memory)
  return merged
}

/** Pairs of small numbers. */
class Pairs {
  readonly #most: number
  readonly #pairs = new Set<number>()

  /** The second of each is below `most`. */
  constructor(most: number) {
    this.#most = most
  }

  has(first: number, second: number): boolean {
    return this.#pairs.has(first * this.#most + second)
  }

  add(first: number, second: number): void {
    this.#pairs.add(first * this.#most + second)
  }
}

/**
 * Of each entry of the second that is read, the words that were the same both times, as bits. What happens in
 * queues must be the same otherwise.
 */
function sameEntries(first: Tape, second: Tape): ReadonlyMap<number, number> {
  const [before, after] = [first, second].map((tape) => stepsOf(tape, isQueueStep))
  const compared = new Map<number, number>()
  const alike = new Pairs(second.actions.length)
  for (let i = 0; i < Math.max(before?.length ?? 0, after?.length ?? 0); i++) {
    const a = before?.[i] ?? -1
    const b = after?.[i] ?? -1
    const isSameNumber = a >= 0 && b >= 0 && first.numberAt(a) === second.numberAt(b)
    if (isSameNumber && alike.has(first.actionAt(a), second.actionAt(b))) continue
    const [one, other] = [first.actions[first.actionAt(a)], second.actions[second.actionAt(b)]]
    if (!isSameNumber || one?.kind !== other?.kind) {
      throw new MeasurementError('the cycle does not repeat itself: it uses a ring in another way each time')
    }
    alike.add(first.actionAt(a), second.actionAt(b))
    if (one?.kind !== 'read' || other?.kind !== 'read') continue
    const index = second.actionAt(b)
    const same = one.words.reduce((bits, word, at) => (word === other.words[at] ? bits | (1 << at) : bits), 0)
    compared.set(index, (compared.get(index) ?? other.compared) & same)
  }
  return compared
}

/**
 * What of an output, or of a part of one, was the same in another recording. Mostly all of it; but data that a
 * backend counts up with every registration is not, and the words around it are to be checked all the same.
 */
function partsInBoth(output: Output, own: readonly Output[], others: readonly Output[]): readonly Output[] {
  const index = own.findIndex(
    ({ address, words }) => output.address >= address && output.address < address + 4 * words,
  )
  const other = others[index]
  if (other === undefined) return []
  const from = output.address - (own[index]?.address ?? output.address)
  if (from === 0 && output.words === other.words && output.sum === other.sum) return [output]
  const isSame = (at: number): boolean =>
    [0, 1, 2, 3].every((i) => output.bytes[at + i] === other.bytes[from + at + i])
  // Only the first bytes of a long output are kept.
  const size = Math.min(output.bytes.length, other.bytes.length - from)
  const parts: Output[] = []
  for (let start = 0; start < size; start += 4) {
    if (!isSame(start)) continue
    let end = start
    while (end < size && isSame(end)) end += 4
    const bytes = output.bytes.slice(start, end)
    const words = bytes.length / 4
    parts.push({ address: output.address + start, words, sum: sumOfWords(bytes, words), bytes })
    start = end
  }
  return parts
}

/** The tape with nothing asked of what calls leave in memory: for what is done once. */
export function withoutOutputs(tape: Tape): Tape {
  return tape.map((action) => (action.kind === 'call' ? { ...action, outputs: [] } : action))
}

/** The steps that are calls. */
function callsOf(tape: Tape): readonly number[] {
  return stepsOf(tape, ({ kind }) => kind === 'call')
}

function stepsOf(tape: Tape, isWanted: (action: RecordedAction) => boolean): readonly number[] {
  const steps: number[] = []
  const wanted = tape.actions.map((action) => isWanted(action))
  for (let step = 0; step < tape.length; step++) {
    if (wanted[tape.actionAt(step)] === true) steps.push(step)
  }
  return steps
}

function differenceOf(a: RecordedCall, first: number, b: RecordedCall, second: number): string | undefined {
  // Memory may be another piece in each cycle: what matters is what is in it.
  if (describeCall(a, first) !== describeCall(b, second)) {
    return `${describeCall(a, first)}, was then ${describeCall(b, second)}`
  }
  const results = [resultOfStep(a, first), resultOfStep(b, second)]
  if (results[0] === results[1] || !a.checked) return undefined
  return `${describeCall(a, first)}, gave ${results.join(' and then ')}`
}

/** The call of a step; undefined where there is none. */
function described(tape: Tape, step: number | undefined): string | undefined {
  const call = step === undefined ? undefined : tape.actions[tape.actionAt(step)]
  return call?.kind === 'call' && step !== undefined ? describeCall(call, tape.numberAt(step)) : undefined
}
