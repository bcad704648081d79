import { CLOCK } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { errnoName } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { LONGEST_WAIT_MS, PROMPT_MS } from '../../patience.ts'
import type { Job, JobResult } from '../../threads/job.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import { sleepSync } from '../../../sleep.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { inMs, Wait, watchPipe } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'
import type { WaitingThread } from '../../waits/waiting-thread.ts'

const IDLE_MS = 20

/** A thread that sleeps takes some 0.2 ms of it, most of that for JavaScript; one that spins takes all it gets. */
const IDLE_CPU_NS = 1.5e6

/** JavaScript may have something else to do in the meantime, but not each time. */
const TRIES = 3

const RACE_MS = 250
const WAITERS = 4

/** What waits cost in which nothing happens, and whether they end. */
export const idle: readonly Check[] = [
  ...waitChecks({
    id: 'time.busy-loop-after-timeout',
    statement: `A thread that waits for ${IDLE_MS} ms, after a wait that ran out of time, takes less than ${inMs(IDLE_CPU_NS)} of CPU time.`,
    kind: 'time',
    source: 'netdata#20273; measured',
    bugs: [
      'netdata/netdata#20273: Linux 6.14.4 to 6.14.7 spun in the kernel once the timeout had expired',
      'microsoft/WSL#1609: epoll_wait returned immediately for ever',
      'Starry-OS/StarryOS#22: an idle wait took 100 % of the CPU',
    ],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      let cpuNs = Infinity
      withThreads(machine, 1, (thread) => {
        for (let i = 0; i < TRIES && cpuNs >= IDLE_CPU_NS; i++) {
          cpuNs = Math.min(cpuNs, cpuOfIdleWait(machine, fn, thread))
        }
      })
      const figure = `${inMs(cpuNs)} of CPU time in ${IDLE_MS} ms`
      if (cpuNs >= IDLE_CPU_NS) throw new Failure(`less than ${inMs(IDLE_CPU_NS)} of CPU time`, figure)
      machine.note = figure
    },
  }),
  ...waitChecks({
    id: 'time.timer-wake-lost',
    statement: `Of waits of 1 ms, made by ${WAITERS} threads over and over, none lasts for ever.`,
    kind: 'race',
    source: 'tgoskits#559; DragonOS#1492',
    bugs: ['rcore-os/tgoskits#559 and DragonOS#1492: now and then a wait never timed out'],
    variants: ['plain', 'pwait2'],
    threads: WAITERS,
    run(machine, fn) {
      watchPipe(machine)
      machine.note = `${timeOutOverAndOver(machine, fn)} waits`
    },
  }),
]

/** The CPU time that a thread takes for a wait. The thread itself asks before and after it. */
function cpuOfIdleWait(machine: Machine, fn: WaitFunction, thread: WaitingThread): number {
  const [brief, long] = [new Wait(machine, fn, { ms: 1 }), new Wait(machine, fn, { ms: IDLE_MS })]
  const [before, after] = [clockMemory(machine), clockMemory(machine)]
  const askClock = ({ address }: Memory): Job['calls'][0] => ({
    fn: 'clock_gettime',
    args: [CLOCK.THREAD_CPUTIME_ID, address],
    accept: [0],
  })
  const idleWait = ({ invocation }: Wait): Job['calls'][0] => ({ ...invocation, accept: [0] })
  machine.begin(`${long.text} in a thread, and the CPU time that it takes`)
  thread.startJob({ calls: [idleWait(brief), askClock(before), idleWait(long), askClock(after)], rounds: 1 })
  const result = thread.endJob(LONGEST_WAIT_MS)
  if (result === undefined) throw new Failure(`${long.text} returns`, 'it does not')
  expectTimeouts(machine, fn, result)
  return nsIn(after) - nsIn(before)
}

const nsIn = ({ view }: Memory): number =>
  Number(view.getBigInt64(0, true)) * 1e9 + Number(view.getBigInt64(8, true))

function clockMemory(machine: Machine): Memory {
  const memory = new Memory(layouts.timespec.size, { shared: true })
  machine.keep(memory)
  return memory
}

/** Returns how many waits there were. Fails if one does not return long after it should have. */
function timeOutOverAndOver(machine: Machine, fn: WaitFunction): number {
  const waits = Array.from({ length: WAITERS }, () => new Wait(machine, fn, { ms: 1 }))
  machine.begin(`${WAITERS} threads call ${waits[0]?.text} for ${RACE_MS} ms`)
  let count = 0
  withThreads(machine, WAITERS, (...threads) => {
    for (const [i, thread] of threads.entries()) {
      const wait = waits[i]
      if (wait === undefined) continue
      const calls = [...wait.resetting, { ...wait.invocation, accept: [0] }]
      thread.startJob({ calls, rounds: UNTIL_STOPPED })
    }
    sleepSync(RACE_MS)
    for (const thread of threads) thread.stopJob()
    for (const thread of threads) {
      const result = thread.endJob(PROMPT_MS)
      if (result === undefined) {
        throw new Failure('every wait returns', `one has not returned ${PROMPT_MS} ms after its time`)
      }
      expectTimeouts(machine, fn, result)
      count += result.rounds
    }
  })
  return count
}

/** Fails if a wait was ended by something else than its time. */
function expectTimeouts(machine: Machine, fn: WaitFunction, { rejected, result, errno }: JobResult): void {
  if (rejected) machine.expect(result === -1 ? errnoName(errno) : result, 0, `${fn.name} returns`)
}
