/** What to say of a replay that went another way than the recording. */
import { describeCall, resultOf, resultOfStep } from '../record/tape.ts'
import type { Output } from '../record/tape.ts'
import { originOf } from './program.ts'
import type { Program } from './program.ts'

/** Where it happened: `step` of the program, in one of the threads. */
interface Place {
  readonly step: number
  readonly cycle: number
  readonly lane: number
  readonly lanes: number
}

/** What came, where it was compared with the recording. */
interface Difference {
  readonly actual: number
  readonly errno: number
  /** The result was right, but not what the call left in memory. */
  readonly memory: boolean
  readonly shown: Uint8Array
}

/** Says in one line what was expected, and what came instead: a difference, or a hang or a death in words. */
export function whatDiffers(program: Program, place: Place, difference: Difference | string): string {
  const origin = originOf(program, place.step)
  // A step is a call to whoever reads this. What lies between calls only prepares them.
  const thread = place.lanes > 1 ? ` of thread ${place.lane + 1}` : ''
  const where = `step ${callsUpTo(program, place.step)} of ${callsUpTo(program, program.count)}${thread}, cycle ${place.cycle + 1}`
  const call = origin?.action
  if (call?.kind !== 'call') return `${where}: ${typeof difference === 'string' ? difference : 'it differs'}`
  const what = `${where}: ${describeCall(call, origin?.number ?? 0)}`
  const expected = resultOfStep(call, origin?.number ?? 0)
  if (typeof difference === 'string') return `${what}: expected ${expected}, actual: ${difference}`
  if (difference.memory) {
    return `${what}: it left other bytes than expected: ${bytes(call.outputs[origin?.output ?? 0], difference)}`
  }
  const actual = resultOf({ result: difference.actual, errno: difference.errno })
  return `${what}: expected ${expected}, actual ${actual}`
}

/** How many calls a program has up to a step, that one included. What checks further outputs of a call is none. */
function callsUpTo(program: Program, step: number): number {
  let calls = 0
  for (let i = 0; i <= step && i < program.count; i++) {
    const origin = originOf(program, i)
    if (origin?.action.kind === 'call' && origin.output === 0) calls++
  }
  return calls
}

/** How many bytes are shown, from the word on in which the first one differs. */
const WINDOW = 16

/** The part of an output that differs. */
function bytes(output: Output | undefined, { shown }: Difference): string {
  const recorded = output?.bytes ?? new Uint8Array()
  const first = recorded.findIndex((byte, i) => byte !== shown[i])
  if (first === -1) return `it is somewhere behind the first ${recorded.length}`
  const from = first - (first % 4)
  const hex = (all: Uint8Array): string =>
    Array.from(all.subarray(from, Math.min(from + WINDOW, recorded.length)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join(' ')
  return `expected ${hex(recorded)}, actual ${hex(shown)}, from byte ${from}`
}
