import type { Tape } from '../record/tape.ts'
import { ReplayChild } from './child.ts'
import type { Replayer } from './native.ts'
import { assemble } from './program.ts'

/** Calls in a cycle: as many as make the loop around them disappear. */
const CALLS = 64
const CYCLES = 2000
const BATCHES = 5

/**
 * What a replayed call costs by itself, in nanoseconds: the least of some batches of a function that does
 * nothing. A C program pays for most of that too, for it also has to call.
 */
export function measureReplayedCall(replayer: Replayer): number {
  const nothing = {
    kind: 'native',
    address: replayer.native.address('evloop_nothing'),
  } as const
  const tape: Tape = { steps: Array.from({ length: CALLS }, () => nothing), memory: new Set() }
  using child = new ReplayChild(replayer, 1)
  const program = assemble(replayer.libc, [tape])
  child.start([], child.fds)
  child.leave()
  let least = Infinity
  for (let i = 0; i < BATCHES; i++) {
    const { elapsedNs } = child.run([{ program }], { cycles: CYCLES, warmup: CYCLES / 10, timeoutMs: 5000 })
    least = Math.min(least, elapsedNs / CYCLES / CALLS)
  }
  return least
}
