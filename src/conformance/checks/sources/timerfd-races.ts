import { constants } from 'node:os'
import { Memory } from '../../../libc/memory.ts'
import { errnoName, sys } from '../../../libc/libc.ts'
import { NULL } from '../../../libc/signatures.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { LONGEST_WAIT_MS, PROMPT_MS } from '../../patience.ts'
import { timerfd } from '../../steps/sources.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import { race } from '../../threads/race.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'
import { itimerspec } from './timerfd-calls.ts'

/** What is read where nothing has expired. */
const NOTHING_YET = -constants.errno.EAGAIN

/** Many who read one timer. */
export const timerfdRaces: readonly Check[] = [
  epollCheck({
    id: 'timerfd.single-consumer',
    statement: 'Of two threads that read a timer at once exactly one gets its expiry, and the other EAGAIN.',
    kind: 'race',
    threads: 1,
    source: 'timerfd_create(2); StarryOS',
    run(machine) {
      machine.run(timerfd('t'))
      machine.begin('set t again and again, and read it in two threads')
      const value = new Memory(8, { shared: true })
      machine.keep(value)
      const other = machine.acquireThread()
      const call = {
        fn: 'read',
        args: [machine.fd('t'), value.address, 8],
        accept: [8, NOTHING_YET],
      } as const
      other.post({ calls: [call], rounds: UNTIL_STOPPED })
      let [expirations, mine] = [0, 0]
      race(machine, () => {
        expirations++
        mine += goOffOnce(machine, value)
      })
      const theirs = stopReading(other)
      machine.expect(
        `${mine} + ${theirs}`,
        `${mine} + ${expirations - mine}`,
        'expirations read in the two threads',
      )
      machine.note = `${expirations} expirations, ${mine} and ${theirs} of them read in either thread`
    },
  }),
]

/** Ends the other thread, and returns how many expirations it got. */
function stopReading(other: WaiterThread): number {
  other.stop()
  const result = other.join(LONGEST_WAIT_MS)
  if (result === undefined) throw new Failure('every read returns', 'a thread is still in its read')
  if (result.rejected) {
    const text = result.result === -1 ? errnoName(result.errno) : String(result.result)
    throw new Failure('read gives 8 or EAGAIN', `read gives ${text}`)
  }
  return result.succeeded[0] ?? 0
}

/** Lets the timer go off, and reads it until one of the two has got that: 1 if it was this thread. */
function goOffOnce(machine: Machine, theirs: Memory): number {
  const { libc } = machine
  const t = machine.fd('t')
  const [soon, mine] = [itimerspec(1), new Memory(8)]
  const deadline = performance.now() + PROMPT_MS
  theirs.view.setBigUint64(0, 0n, true)
  sys(libc, 'timerfd_settime', t, 0, soon.address, NULL)
  while (performance.now() < deadline) {
    if (libc.fn.read(t, mine.address, 8) === 8) {
      machine.expect(mine.view.getBigUint64(0, true), 1n, 'expirations in a read')
      return 1
    }
    // What the other thread's read has written.
    const read = theirs.view.getBigUint64(0, true)
    if (read !== 0n) {
      machine.expect(read, 1n, 'expirations in a read')
      return 0
    }
  }
  throw new Failure('the timer goes off, and one of the two reads that', `nobody has within ${PROMPT_MS} ms`)
}
