/** Recordings of native calls, and what is in them. */
import type { Libc } from '../libc/libc.ts'
import type { Memory } from '../libc/memory.ts'
import type { LaneRecorder } from '../measure/record/lane-recorder.ts'
import { Recorder } from '../measure/record/recorder.ts'
import { describeCall } from '../measure/record/tape.ts'
import type { RecordedCall, Tape } from '../measure/record/tape.ts'

/** A recorder with one lane. */
export function oneLane(libc: Libc): {
  readonly lane: LaneRecorder
  readonly recorder: Recorder
  readonly record: (action: () => void) => Tape
} {
  const recorder = new Recorder(libc, 1)
  const [lane] = recorder.lanes
  if (lane === undefined) throw new Error('there is a lane')
  return {
    lane,
    recorder,
    record(action) {
      const [tape] = recorder.record(action)
      if (tape === undefined) throw new Error('there is a tape')
      return tape
    },
  }
}

/** The steps in words: calls, and stores with where and what. `memory`: what addresses are relative to. */
export function stepsOf(tape: Tape, memory?: Memory): string[] {
  return Array.from({ length: tape.length }, (_, step) => {
    const action = tape.actions[tape.actionAt(step)]
    const number = tape.numberAt(step)
    if (action?.kind === 'call') return describeCall(action, number)
    if (action?.kind === 'store')
      return `${action.width} at ${action.address - (memory?.address ?? 0)}: ${number}`
    return action?.kind ?? 'nothing'
  })
}

/** Every call once. */
export function callsOf(tape: Tape): RecordedCall[] {
  return tape.actions.filter((action) => action.kind === 'call')
}
