import { MeasurementError } from '../../errors.ts'
import { errnoName } from '../../libc/libc.ts'
import { describeCall } from './tape.ts'
import type { RecordedCall, RecordedStep, Tape } from './tape.ts'

/**
 * Records a cycle until it does the same twice in a row, which it does at the second time or, where the first
 * one still had to find its pace, at the third. A cycle has parts, and a part has a tape for each lane. Throws
 * `MeasurementError` where it does not.
 */
export function repeating(record: () => readonly (readonly Tape[])[]): readonly (readonly Tape[])[] {
  const merge = (earlier: readonly (readonly Tape[])[], later: readonly (readonly Tape[])[]): Tape[][] =>
    earlier.map((tapes, part) =>
      tapes.map((tape, lane) => sameEveryTime(tape, later[part]?.[lane] ?? tape)),
    )
  const first = record()
  const second = record()
  try {
    return merge(first, second)
  } catch (error) {
    if (!(error instanceof MeasurementError)) throw error
    return merge(second, record())
  }
}

/**
 * Two recordings of one cycle as one: the second, because what was stored before its first call is known; with
 * the outputs checked that were the same in both. Throws `MeasurementError` where the calls or results differ: such a
 * cycle cannot be replayed.
 */
function sameEveryTime(first: Tape, second: Tape): Tape {
  const before = callsOf(first)
  const after = callsOf(second)
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    const [a, b] = [before[i], after[i]]
    const difference = a === undefined || b === undefined ? ended(a ?? b) : differenceOf(a, b)
    if (difference !== undefined) {
      throw new MeasurementError(
        `the cycle does not repeat itself: call ${i + 1} of ${before.length}, ${difference}`,
      )
    }
  }
  let call = 0
  const steps = second.steps.map((step): RecordedStep => {
    if (step.kind !== 'call') return step
    const earlier = before[call++]
    const stable = step.outputs.filter((output, i) => output.sum === earlier?.outputs[i]?.sum)
    return stable.length === step.outputs.length ? step : { ...step, outputs: stable }
  })
  return { steps, memory: new Set([...first.memory, ...second.memory]) }
}

/** The tape with nothing asked of what calls leave in memory: for what is done once. */
export function withoutOutputs(tape: Tape): Tape {
  const steps = tape.steps.map((step) => (step.kind === 'call' ? { ...step, outputs: [] } : step))
  return { steps, memory: tape.memory }
}

function callsOf(tape: Tape): readonly RecordedCall[] {
  return tape.steps.filter((step) => step.kind === 'call')
}

function ended(call: RecordedCall | undefined): string {
  return call === undefined ? 'is missing' : `${describeCall(call)}, was made in one cycle and not in another`
}

function differenceOf(a: RecordedCall, b: RecordedCall): string | undefined {
  // Memory may be another piece in each cycle: what matters is what is in it.
  if (describeCall(a) !== describeCall(b)) {
    return `was ${describeCall(a)}, and then ${describeCall(b)}`
  }
  const same = a.result === b.result && a.errno === b.errno
  if (same || !a.checked) return undefined
  return `${describeCall(a)}, gave ${resultOf(a)}, and then ${resultOf(b)}`
}

function resultOf({ result, errno }: RecordedCall): string {
  return result === -1 ? `-1 (${errnoName(errno)})` : String(result)
}
