import { EFD, SIG } from '../../libc/constants/linux.ts'
import { errnoName, sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { signalSet } from '../../libc/signals.ts'
import { eventfd } from '../build.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { pollfdFor } from '../operations/events.ts'
import { PROMPT_MS, WOKEN } from '../patience.ts'
import { UNTIL_STOPPED } from '../threads/job.ts'
import type { JobResult } from '../threads/job.ts'
import { dawdle, race } from '../threads/race.ts'
import type { WaitFunction } from './functions.ts'
import { dispose } from './handler.ts'
import { Wait, watchPipe } from './wait.ts'
import { withThreads } from './waiting-thread.ts'

/**
 * A thread that blocks a signal and lets it through only while it waits, over and over, is sent the signal at
 * points that differ from round to round. Each must end a wait. If there is a gap between the change of the mask and
 * the wait, a signal that comes in it is handled, and the wait that follows sleeps on.
 */
export function raceSignalsWithWaits(machine: Machine, fn: WaitFunction): void {
  watchPipe(machine)
  dispose(machine, SIG.URG, { action: 'handler' })
  machine.run(eventfd('interrupted', 0, EFD.NONBLOCK | EFD.SEMAPHORE))
  const interrupted = machine.fd('interrupted')
  const pollfd = pollfdFor(machine, 'interrupted')
  const [one, counter] = [new Memory(8, { shared: true }), new Memory(8)]
  one.view.setBigUint64(0, 1n, true)
  machine.keep(one)
  const wait = new Wait(machine, fn, { ms: WOKEN.timeoutMs }, signalSet())
  const EINTR = -4
  withThreads(machine, 1, (thread) => {
    thread.setMask(SIG.URG)
    machine.begin(`a thread calls ${wait.text} over and over, and is sent signals`)
    thread.startJob({
      calls: [
        ...wait.resetting,
        { ...wait.invocation, accept: [EINTR] },
        { fn: 'write', args: [interrupted, one.address, 8], accept: [8] },
      ],
      rounds: UNTIL_STOPPED,
    })
    race(machine, (round) => {
      dawdle(machine, round)
      thread.signal(SIG.URG)
      const ended = sys(machine.libc, 'poll', pollfd.address, 1, PROMPT_MS)
      if (ended === 0) {
        expectInterrupted(fn, thread.endJob(0))
        throw new Failure(
          'every signal ends a wait',
          `the one of round ${round} did not, for ${PROMPT_MS} ms`,
        )
      }
      sys(machine.libc, 'read', interrupted, counter.address, 8)
    })
    thread.stopJob()
    thread.signal(SIG.URG)
    const result = thread.endJob(PROMPT_MS)
    if (result === undefined) throw new Failure('every wait returns', 'one has not returned')
    expectInterrupted(fn, result)
  })
}

/** Fails if a wait was ended by something else. */
function expectInterrupted({ name }: WaitFunction, result: JobResult | undefined): void {
  if (result?.rejected !== true) return
  const actual = result.result === -1 ? errnoName(result.errno) : String(result.result)
  throw new Failure(`${name} gives EINTR`, `${name} gives ${actual}`)
}
