import { isKnownError } from '../../errors.ts'
import { Tape } from '../record/tape.ts'
import { MOST_MARKS, ReplayChild } from './child.ts'
import type { RunResult } from './child.ts'
import type { Replayer } from './native.ts'
import { assemble } from './program.ts'

/** Steps in a cycle: as many as make the loop around them disappear. */
const STEPS = 64
const BATCHES = 5

/**
 * What a replayed call costs by itself, in nanoseconds: the least of some batches of a function that does next
 * to nothing. A C program pays for most of that too, for it also has to call.
 */
export function measureReplayedCall(replayer: Replayer): number {
  const tape = new Tape()
  const call = { kind: 'call', name: 'getpagesize', args: [], errno: 0, checked: true, outputs: [] } as const
  const result = replayer.libc.fn.getpagesize()
  for (let i = 0; i < STEPS; i++) tape.addCall({ ...call, result }, 0)
  const cycles = 2000
  const batches = replay(replayer, tape, cycles)
  return Math.min(...batches.map(({ elapsedNs }) => elapsedNs / cycles / STEPS))
}

/** What a look at the clock costs, as cycles that are timed have it, and its smallest step, in nanoseconds. */
export function measureClock(replayer: Replayer): { readonly costNs: number; readonly stepNs: number } {
  const tape = new Tape()
  for (let i = 0; i < STEPS; i++) tape.addPlain('mark')
  const looks = replay(replayer, tape, MOST_MARKS / STEPS).map(({ marks }) => marks[0] ?? new Float64Array())
  const costs = looks.map((all) => ((all.at(-1) ?? 0) - (all[0] ?? 0)) / (all.length - 1))
  const steps = looks.map((all) =>
    all.reduce((least, time, i) => {
      const step = time - (all[i - 1] ?? time)
      return step > 0 && step < least ? step : least
    }, Infinity),
  )
  return { costNs: Math.min(...costs), stepNs: Math.min(...steps) }
}

/** Replays a tape in a child of its own, again and again. */
function replay(replayer: Replayer, tape: Tape, cycles: number): RunResult[] {
  using child = new ReplayChild(replayer, 1)
  const program = assemble(replayer.libc, [tape])
  child.start([], child.fds)
  child.leave()
  return Array.from({ length: BATCHES }, () =>
    child.run([{ program }], { cycles, warmup: Math.ceil(cycles / 10), timeoutMs: 5000 }),
  )
}

/**
 * Why a child cannot have threads; undefined if it can. POSIX does not promise it to a fork of a process with
 * threads: the C libraries have it, and qemu-user aborts.
 */
export function whyNoThreads(replayer: Replayer): string | undefined {
  using child = new ReplayChild(replayer, 2)
  const tape = new Tape()
  tape.addPlain('barrier')
  const order = { program: assemble(replayer.libc, [tape]) }
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
