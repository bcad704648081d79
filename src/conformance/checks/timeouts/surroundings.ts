import { CLOCK } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { originOf, sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { UnsupportedError } from '../../../errors.ts'
import { epoll, openPoller, pollerWait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { eventBuffer } from '../../operations/events.ts'
import { NULL } from '../../../libc/signatures.ts'
import { sleepSync } from '../../../sleep.ts'
import { waitChecks } from '../../waits/define.ts'
import { reaches } from '../../waits/functions.ts'
import { expectNotEarly, NOTHING, Wait, watchPipe } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

/** How a call says that it is missing: the kernel does not have it, or an old seccomp policy does not know it. */
const ABSENT: readonly (number | string)[] = ['ENOSYS', 'EPERM']

const WAIT_MS = 30
/** By then it sleeps, and if it does not, the clock is set before it looks at it. */
const SETTLE_MS = 5
const HOUR_S = 3600n

/** What is around a wait: an older kernel, another clock. */
export const surroundings: readonly Check[] = [
  epollCheck({
    id: 'time.cap-probe',
    statement:
      'epoll_pwait2 works, or says with ENOSYS or EPERM that it is not there; a wait of less than a millisecond works either way.',
    source: 'ivykis#33; io-event#59; php-src#23825',
    bugs: [
      'buytenh/ivykis#33, php/php-src#23825, socketry/io-event#59: a seccomp policy answered EPERM, and the loop failed instead of taking epoll_wait',
    ],
    run(machine) {
      const { libc } = machine
      machine.run(epoll('ep'))
      if (libc.has('epoll_pwait2') && reaches(libc, 'epoll_pwait2', 'epoll')) {
        machine.begin('epoll_pwait2 with timeout 0')
        const [events, none] = [eventBuffer(1), new Memory(layouts.timespec.size)]
        const result = resultOf(libc, 'epoll_pwait2', machine.fd('ep'), events.address, 1, none.address, NULL)
        if (result !== 0 && !ABSENT.includes(result)) {
          throw new Failure(`epoll_pwait2 gives 0, ${ABSENT.join(' or ')}`, `epoll_pwait2 gives ${result}`)
        }
        machine.note = result === 0 ? 'epoll_pwait2 is here' : `epoll_pwait2 is not here: ${result}`
      }
      machine.run(openPoller('poller'))
      for (const timeoutNs of [0, 200_000, 1_500_000]) {
        machine.run(pollerWait('poller', [], { timeoutNs, atLeastNs: timeoutNs }))
      }
    },
  }),
  ...waitChecks({
    id: 'time.monotonic',
    statement: 'Setting the clock an hour forward or back while a wait goes on changes nothing.',
    level: 'de-facto',
    kind: 'time',
    source: 'lalinsky/zio#643',
    why: 'Clocks are set, by NTP for one. A wait that goes by the time of day is over at once then, or lasts an hour longer.',
    variants: ['plain'],
    threads: 1,
    run(machine, fn) {
      const { libc } = machine
      // Of the machine's own clock every other program would see the change.
      if (!libc.has('clock_settime') || originOf(libc, 'clock_settime') === originOf(libc, 'getppid')) {
        throw new UnsupportedError('setting the clock', 'it would be set for the whole machine')
      }
      watchPipe(machine)
      withThreads(machine, 1, (thread) => {
        for (const seconds of [HOUR_S, -HOUR_S]) {
          const wait = new Wait(machine, fn, { ms: WAIT_MS })
          thread.start(wait)
          sleepSync(SETTLE_MS)
          stepClock(machine, seconds)
          try {
            const made = thread.expect(NOTHING, WAIT_MS + 1000)
            expectNotEarly(wait, made, WAIT_MS * 1e6)
          } finally {
            stepClock(machine, -seconds)
          }
        }
      })
      machine.note = `the clock is that of ${originOf(libc, 'clock_settime')}`
    },
  }),
]

function stepClock({ libc }: Machine, seconds: bigint): void {
  const time = new Memory(layouts.timespec.size)
  sys(libc, 'clock_gettime', CLOCK.REALTIME, time.address)
  time.view.setBigInt64(0, time.view.getBigInt64(0, true) + seconds, true)
  sys(libc, 'clock_settime', CLOCK.REALTIME, time.address)
}
