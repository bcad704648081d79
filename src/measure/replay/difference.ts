/** What to say of a replay that went another way than the recording. */
import { errnoName } from '../../libc/libc.ts'
import { describeCall } from '../record/tape.ts'
import type { RecordedCall } from '../record/tape.ts'
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
  const { action: origin, number } = originOf(program, place.step)
  if (origin?.kind === 'native') return typeof difference === 'string' ? difference : 'it differs'
  // A step is a call to whoever reads this. What lies between calls only prepares them.
  const thread = place.lanes > 1 ? ` of thread ${place.lane + 1}` : ''
  const where = `step ${callsUpTo(program, place.step)} of ${callsUpTo(program, program.count)}${thread}, cycle ${place.cycle + 1}`
  if (origin?.kind !== 'call')
    return `${where}: ${typeof difference === 'string' ? difference : 'it differs'}`
  const call = `${where}: ${describeCall(origin, number)}`
  if (typeof difference === 'string') return `${call}: expected ${expected(origin)}, actual: ${difference}`
  if (difference.memory) return `${call}: it left other bytes than expected: ${bytes(origin, difference)}`
  const actual = difference.actual === -1 ? `-1 (${errnoName(difference.errno)})` : String(difference.actual)
  return `${call}: expected ${expected(origin)}, actual ${actual}`
}

/** How many calls a program has up to a step, that one included. What only checks a call's outputs is none. */
function callsUpTo(program: Program, step: number): number {
  let calls = 0
  let last: unknown
  for (let i = 0; i <= step && i < program.count; i++) {
    const { action } = originOf(program, i)
    const isCheck = action === last && action?.kind === 'call' && action.outputs.length > 1
    if (action?.kind === 'call' && !isCheck) calls++
    last = action
  }
  return calls
}

function expected({ result, errno }: RecordedCall): string {
  return result === -1 ? `-1 (${errnoName(errno)})` : String(result)
}

/** The part of an output that differs, with a few bytes around it. */
function bytes(call: RecordedCall, { shown }: Difference): string {
  const [output] = call.outputs
  const recorded = output?.bytes ?? new Uint8Array()
  const first = Math.max(
    0,
    recorded.findIndex((byte, i) => byte !== shown[i]),
  )
  const from = first - (first % 4)
  const hex = (all: Uint8Array): string =>
    Array.from(all.subarray(from, Math.min(from + 16, recorded.length)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join(' ')
  return `expected ${hex(recorded)}, actual ${hex(shown)}, from byte ${from}`
}
