import { NULL } from '../../../libc/signatures.ts'
import { write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { waitChecks } from '../../waits/define.ts'
import { byNumber } from '../../waits/raw.ts'
import { sleepBy } from '../../waits/sleep.ts'
import { expectTimespecChecked } from '../../waits/timespec.ts'
import { expectCall, expectNotEarly, NOTHING, readable, Wait, watchPipe } from '../../waits/wait.ts'

/** Long enough to be told from a call that returns at once. */
const SLEEP_MS = 10

/** The timeouts of poll and ppoll. */
export const pollTimeouts: readonly Check[] = [
  ...waitChecks({
    id: 'poll.nfds-zero',
    statement: 'A poll of no entries sleeps for its timeout, and returns 0.',
    kind: 'time',
    source: 'poll(2); StarryOS; python/cpython#1426',
    why: 'Programs sleep this way where they have nothing else at hand, and loops that watch nothing for the moment.',
    bugs: [
      'python/cpython#1426: poll of macOS 10.12 returned at once when no descriptor was valid',
      'DragonOS#1545: poll of no entries',
    ],
    variants: ['plain', 'pwait'],
    backends: ['poll'],
    run(machine, fn) {
      watchPipe(machine)
      expectCall(machine, sleepBy(machine, fn, { ms: 0 }), NOTHING)
      const sleep = sleepBy(machine, fn, { ms: SLEEP_MS })
      expectNotEarly(sleep, expectCall(machine, sleep, NOTHING), SLEEP_MS * 1e6)
    },
  }),
  ...waitChecks({
    id: 'ppoll.invalid-timespec',
    statement:
      'A timespec with negative seconds, or with nanoseconds below 0 or of a second and more, is EINVAL.',
    kind: 'det',
    source: 'ppoll(2); LTP ppoll01',
    variants: ['pwait'],
    backends: ['poll'],
    threads: 1,
    run: expectTimespecChecked,
  }),
  ...waitChecks({
    id: 'ppoll.timeout-written-back',
    statement:
      'The system call ppoll writes the time that is left over its timeout; the function of libc does not.',
    level: 'quirk',
    kind: 'det',
    source: 'ppoll(2), "C library/kernel differences"; gVisor; measured',
    variants: ['pwait'],
    backends: ['poll'],
    run(machine, fn) {
      const timeoutNs = 3e9
      watchPipe(machine)
      machine.run(write('w', 1))
      const wait = new Wait(machine, fn, { ns: timeoutNs })
      expectCall(machine, wait, readable('r'))
      machine.expect(wait.leftNs(), timeoutNs, 'nanoseconds in the timeout after ppoll')
      const { elapsedNs } = expectCall(
        machine,
        byNumber(machine, wait, { mask: NULL, size: 8 }),
        readable('r'),
      )
      wait.expectLeft(timeoutNs - elapsedNs, timeoutNs - 1)
    },
  }),
]
