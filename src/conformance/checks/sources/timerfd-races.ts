import { constants } from 'node:os'
import { Memory } from '../../../libc/memory.ts'
import { errnoName, sys } from '../../../libc/libc.ts'
import { NULL } from '../../../libc/signatures.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { pollfdFor } from '../../operations/events.ts'
import { LONGEST_WAIT_MS, PROMPT_MS } from '../../patience.ts'
import { timerfd } from '../../steps/sources.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import { race } from '../../threads/race.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'
import { itimerspec, timeLeft } from './timerfd-calls.ts'

const READERS = 2

/** How long readers wait without an expiry. */
const IDLE_MS = 20

/** Many who read one timer. */
export const timerfdRaces: readonly Check[] = [
  epollCheck({
    id: 'timerfd.single-consumer',
    statement:
      'Of several threads that read a timer at once exactly one gets its expiry, and the others EAGAIN.',
    kind: 'race',
    threads: READERS,
    source: 'timerfd_create(2); StarryOS',
    run(machine) {
      machine.run(timerfd('t'))
      machine.begin(`set t again and again while ${READERS} threads read it`)
      const values = Array.from({ length: READERS }, () => new Memory(8, { shared: true }))
      const readers = values.map((value) => startReading(machine, value))
      let rounds = 0
      race(machine, () => {
        rounds++
        goOffOnce(machine)
      })
      const results = readers.map((reader) => stopReading(reader))
      const reads = results.reduce((sum, count) => sum + count, 0)
      machine.expect(reads, rounds, 'reads that got an expiry')
      for (const [i, value] of values.entries()) {
        if ((results[i] ?? 0) > 0)
          machine.expect(value.view.getBigUint64(0, true), 1n, 'expirations in the last read')
      }
    },
  }),
]

/** Lets a thread read the timer over and over. */
function startReading(machine: Machine, value: Memory): WaiterThread {
  machine.keep(value)
  const reader = machine.acquireThread()
  const pollfd = pollfdFor(machine, 't')
  machine.keep(pollfd)
  const accept = [8, -constants.errno.EAGAIN]
  const calls = [
    { fn: 'poll', args: [pollfd.address, 1, IDLE_MS], accept: [0, 1] },
    { fn: 'read', args: [machine.fd('t'), value.address, 8], accept },
  ] as const
  reader.post({ calls, rounds: UNTIL_STOPPED })
  return reader
}

/** Ends a thread, and returns how many expirations it got. */
function stopReading(reader: WaiterThread): number {
  reader.stop()
  const result = reader.join(LONGEST_WAIT_MS)
  if (result === undefined) throw new Failure('every read returns', 'a thread is still in its read')
  if (result.rejected) {
    const text = result.result === -1 ? errnoName(result.errno) : String(result.result)
    throw new Failure('poll gives 0 or 1, and read 8 or EAGAIN', `one gives ${text}`)
  }
  return result.succeeded[1] ?? 0
}

/** Lets the timer go off, and waits until somebody has read that. */
function goOffOnce(machine: Machine): void {
  const soon = itimerspec(1)
  const pollfd = pollfdFor(machine, 't')
  const deadline = performance.now() + PROMPT_MS
  sys(machine.libc, 'timerfd_settime', machine.fd('t'), 0, soon.address, NULL)
  const until = (what: string, holds: () => boolean): void => {
    while (!holds()) if (performance.now() > deadline) throw new Failure(what, `not within ${PROMPT_MS} ms`)
  }
  until('the timer goes off', () => timeLeft(machine, 't').valueNs === 0)
  until('the expiry is read', () => sys(machine.libc, 'poll', pollfd.address, 1, 0) === 0)
}
