/** What it costs to record a call, to make a program of what was recorded, and to replay it. */
import type { Libc } from '../../src/libc/libc.ts'
import { Memory } from '../../src/libc/memory.ts'
import type { Pointer } from '../../src/libc/signatures.ts'
import { UnsupportedError } from '../../src/errors.ts'
import { Recorder } from '../../src/measure/record/recorder.ts'
import { Tape } from '../../src/measure/record/tape.ts'
import { ReplayChild } from '../../src/measure/replay/child.ts'
import { locateReplayer } from '../../src/measure/replay/locate.ts'
import { loadReplayer } from '../../src/measure/replay/native.ts'
import type { Replayer } from '../../src/measure/replay/native.ts'
import { assemble } from '../../src/measure/replay/program.ts'
import type { Case, Group } from './group.ts'

/** How many calls a sample records. */
const CALLS = 1000
/** How often a sample replays its calls: so often that asking the child for it does not count. */
const CYCLES = 1000
/** The descriptor that the calls are about. No kernel sees it. */
const FD = 64

/** Functions that a cycle consists of, made by nobody: what is left is the recorder's own work. */
function noKernel(libc: Libc): Libc {
  return {
    ...libc,
    fn: { ...libc.fn, getpagesize: () => 4096, read: () => 8, write: () => 8, epoll_wait: () => 1 },
  }
}

/** Recording one call, by how much memory it has. */
export function recordingGroup(libc: Libc): Group {
  const recorder = new Recorder(noKernel(libc), 1)
  const [lane] = recorder.lanes
  if (lane === undefined) throw new TypeError('a recorder has a lane')
  const { fn } = lane.libc
  const memory = new Memory(64)
  const calls: Readonly<Record<string, (address: Pointer) => number>> = {
    getpagesize: () => fn.getpagesize(),
    write: (address) => fn.write(FD, address, 8),
    read: (address) => fn.read(FD, address, 8),
    epoll_wait: (address) => fn.epoll_wait(FD, address, 1, 0),
  }
  return {
    name: 'a call, recorded',
    unit: 'call',
    cases: Object.entries(calls).map(([name, call]): Case => ({
      name,
      operations: CALLS,
      run() {
        recorder.record(() => {
          for (let i = 0; i < CALLS; i++) call(memory.address)
        })
      },
    })),
  }
}

/** A tape with calls that differ in their descriptor alone, as those over many registrations do. */
function tapeOf(calls: number, libc: Libc): Tape {
  const tape = new Tape()
  const result = libc.fn.getpagesize()
  const call = {
    kind: 'call',
    name: 'getpagesize',
    args: [],
    result,
    errno: 0,
    checked: true,
    outputs: [],
  } as const
  for (let i = 0; i < calls; i++) tape.addCall(call, i)
  return tape
}

/** Making programs, whose cost per step must not grow with their length. The limit allows for caches. */
export function assemblingGroup(libc: Libc): Group {
  return {
    name: 'a program of N steps, assembled',
    unit: 'step',
    limit: 10,
    cases: [1000, 100_000].map((count): Case => {
      const tape = tapeOf(count, libc)
      return {
        name: `N = ${count}`,
        operations: count,
        run() {
          const program = assemble(libc, [tape])
          if (program.count !== count) throw new Error(`a program has ${program.count} steps of ${count}`)
        },
      }
    }),
  }
}

function findReplayer(): Replayer | undefined {
  try {
    const located = locateReplayer()
    const replayer = loadReplayer(located.path)
    located.release()
    return replayer
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined
    throw error
  }
}

/** Replaying calls that do next to nothing; no group where there is no replayer. */
export function replayingGroups(libc: Libc): Group[] {
  const replayer = findReplayer()
  if (replayer === undefined) return []
  const cases = [1, 100].map((count): Case => {
    const child = new ReplayChild(replayer, 1)
    const orders = [{ program: assemble(libc, [tapeOf(count, libc)]) }]
    child.start([], child.fds)
    child.leave()
    const options = { cycles: (CALLS * CYCLES) / count, warmup: 0, timeoutMs: 20_000 }
    return {
      name: `${count} a cycle`,
      operations: CALLS * CYCLES,
      run: () => void child.run(orders, options),
      close: () => child.close(),
    }
  })
  return [{ name: 'a call, replayed', unit: 'call', cases }]
}
