import { write } from '../../build.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { PROMPT_MS } from '../../patience.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { readable, Wait, watchPipe } from '../../waits/wait.ts'
import type { Timeout } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

const INT_MAX = 2 ** 31 - 1
const INT_MIN = -(2 ** 31)
const LONG_MAX = 2n ** 63n - 1n

/**
 * In microseconds, or in nanoseconds, the first two are 1 ms and less once they are cut down to 32 bits. The third is
 * 3 ms to who forgets the seconds.
 */
const LONG_MS = [4295, 4_294_968, 7003]

/** Long enough for a wait to return that takes its timeout for a short one. */
const SETTLE_MS = 10

/** Timeouts that do not end, or not in anybody's lifetime. */
export const endless: readonly Check[] = [
  ...waitChecks({
    id: 'time.minus-one-infinite',
    statement:
      'A wait whose timeout is negative, for poll -1, and for a timeout by pointer a null pointer, blocks until something happens.',
    source: 'epoll_wait(2), poll(2), select(2); epoll-shim; Shadow',
    bugs: ['TritonDataCenter/illumos-joyent#136: epoll_wait with a timeout below -1 returned at once'],
    differs: 'The manual of epoll knows only -1; Linux and programs take every negative number.',
    variants: ['plain', 'pwait'],
    threads: 3,
    run(machine, fn) {
      const numbers = machine.backend === 'epoll' ? [{ ms: -2 }, { ms: INT_MIN }] : []
      expectBlocked(machine, fn, ['never', ...numbers])
    },
  }),
  ...waitChecks({
    id: 'time.poll-negative-portable',
    statement: 'A poll with any negative timeout, not only -1, blocks until something happens.',
    level: 'quirk',
    source: 'clustershell#354; measured',
    differs: 'macOS and the BSDs answer EINVAL.',
    variants: ['plain'],
    backends: ['poll'],
    threads: 2,
    run: (machine, fn) => expectBlocked(machine, fn, [{ ms: -2 }, { ms: INT_MIN }]),
  }),
  ...waitChecks({
    id: 'time.int-max',
    statement: `A wait with a very long timeout blocks until something happens: ${LONG_MS.join(', ')} and INT_MAX ms.`,
    source: 'tokio-rs/mio#1948; libuv#354; libevent',
    why: 'Whoever computes a deadline in units too small, or in too few bits, makes of a long wait a short one, and of a program that sleeps one that spins.',
    bugs: [
      'tokio-rs/mio#1948: a long timeout wrapped around to one without end',
      'libuv#354: on 32-bit Linux before 2.6.37 a timeout above LONG_MAX/HZ had no end',
    ],
    threads: 4,
    run: (machine, fn) =>
      expectBlocked(
        machine,
        fn,
        [...LONG_MS, INT_MAX].map((ms) => ({ ms })),
      ),
  }),
  ...waitChecks({
    id: 'time.pwait2-null-infinite',
    statement: 'epoll_pwait2 without a timeout blocks until something happens.',
    source: 'epoll_pwait2(2); DragonOS#2238',
    variants: ['pwait2'],
    threads: 1,
    run: (machine, fn) => expectBlocked(machine, fn, ['never']),
  }),
  ...waitChecks({
    id: 'time.pwait2-huge',
    statement:
      'The longest time that a timespec can hold does not overflow: the wait blocks until something happens.',
    source: 'cloudius-systems/osv#1427; measured',
    bugs: [
      'cloudius-systems/osv#1427: the deadline of a huge timeout overflowed, and the wait returned at once',
    ],
    variants: ['pwait2'],
    threads: 2,
    run: expectHugeBlocked,
  }),
  ...waitChecks({
    id: 'time.huge',
    statement:
      'The longest time that a timespec can hold does not overflow: the wait blocks until something happens.',
    source: 'cloudius-systems/osv#1427; measured',
    variants: ['pwait'],
    backends: ['poll', 'select'],
    threads: 2,
    run: expectHugeBlocked,
  }),
]

function expectHugeBlocked(machine: Machine, fn: WaitFunction): void {
  const rest = 999_999_999n
  expectBlocked(machine, fn, [
    { seconds: LONG_MAX, rest },
    // In nanoseconds more than 64 bits hold, and fewer than 1 ms in what is left of it.
    { seconds: 18_446_744_073n, rest: 709_600_000n },
  ])
}

/** One thread for each timeout: all must block, and be woken by what is then written. */
function expectBlocked(machine: Machine, fn: WaitFunction, timeouts: readonly Timeout[]): void {
  watchPipe(machine)
  withThreads(machine, timeouts.length, (...threads) => {
    for (const [i, thread] of threads.entries()) {
      thread.startBlocked(new Wait(machine, fn, timeouts[i] ?? 'never'))
    }
    for (const [i, thread] of threads.entries()) thread.expectStillBlocked(i === 0 ? SETTLE_MS : 0)
    // A byte for each: that one wakes all of them is for other checks to say.
    for (const _ of threads) machine.run(write('w', 1))
    for (const thread of threads) thread.expect(readable('r'), PROMPT_MS)
  })
}
