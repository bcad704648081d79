import { isKnownError } from '../../errors.ts'
import { Tape } from '../record/tape.ts'
import { ReplayChild } from './child.ts'
import type { Replayer } from './native.ts'
import { assemble } from './program.ts'
import type { Program } from './program.ts'

/** Calls in a cycle: as many as make the loop around them disappear. */
const CALLS = 64
const CYCLES = 2000
const BATCHES = 5

/**
 * What a replayed call costs by itself, in nanoseconds: the least of some batches of a function that does
 * nothing. A C program pays for most of that too, for it also has to call.
 */
export function measureReplayedCall(replayer: Replayer): number {
  using child = new ReplayChild(replayer, 1)
  const program = nothing(replayer)
  child.start([], child.fds)
  child.leave()
  let least = Infinity
  for (let i = 0; i < BATCHES; i++) {
    const { elapsedNs } = child.run([{ program }], { cycles: CYCLES, warmup: CYCLES / 10, timeoutMs: 5000 })
    least = Math.min(least, elapsedNs / CYCLES / CALLS)
  }
  return least
}

/**
 * Why a child cannot have threads; undefined if it can. POSIX does not promise it to a fork of a process with
 * threads: the C libraries have it, and qemu-user aborts.
 */
export function whyNoThreads(replayer: Replayer): string | undefined {
  using child = new ReplayChild(replayer, 2)
  const order = { program: nothing(replayer) }
  try {
    child.start([], child.fds)
    child.leave()
    child.run([order, order], { cycles: 1, warmup: 0, timeoutMs: 5000 })
    return undefined
  } catch (error) {
    if (!isKnownError(error)) throw error
    return `a forked process cannot have threads here (${error.message})`
  }
}

/** A program of calls that do nothing. */
function nothing(replayer: Replayer): Program {
  const address = replayer.native.address('evloop_nothing')
  const tape = new Tape()
  for (let i = 0; i < CALLS; i++) tape.add('nothing', () => ({ kind: 'native', address }))
  return assemble(replayer.libc, [tape])
}
