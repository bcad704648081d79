import { write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { PROMPT_MS } from '../../patience.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { expectTimespecChecked } from '../../waits/timespec.ts'
import { expectCall, expectNotEarly, inMs, NOTHING, readable, Wait, watchPipe } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

/** Times that are not whole milliseconds, from just above one to just below the next. */
const UNEVEN_NS = [1_000_001, 1_500_000, 1_999_999]
/** On a busy machine a wait that is cut short may end late enough by chance, but not again and again. */
const TRIES = 6

/** Times that are over before anything can be done about them. */
const TINY_NS = [1, 10, 100, 999, 1000]
const TINY_ROUNDS = 20

const BAD_POINTER = 16

/** Timeouts in nanoseconds. */
export const fine: readonly Check[] = [
  ...waitChecks({
    id: 'time.pwait2-ns',
    statement: 'A wait of 200 microseconds by epoll_pwait2 lasts at least that long.',
    kind: 'time',
    source: 'epoll_pwait2(2); kernel selftest epoll_wakeup 62, 63',
    variants: ['pwait2'],
    run(machine, fn) {
      watchPipe(machine)
      machine.note = `the fastest took ${inMs(fastestOf(machine, fn, 200_000))}`
    },
  }),
  ...waitChecks({
    id: 'time.pwait2-ns-resolution',
    statement: 'A wait of 200 microseconds by epoll_pwait2 can be over before 1 ms is.',
    level: 'quirk',
    kind: 'time',
    source: 'kernel selftest epoll_wakeup 62; measured (0.295 ms)',
    differs: 'Who implements it by milliseconds must round up, and takes 1 ms.',
    variants: ['pwait2'],
    run(machine, fn) {
      watchPipe(machine)
      const fastest = fastestOf(machine, fn, 200_000)
      if (fastest >= 1e6) throw new Failure('less than 1 ms', `the fastest took ${inMs(fastest)}`)
    },
  }),
  ...waitChecks({
    id: 'time.pwait2-monotonic-unit',
    statement: 'A timeout of epoll_pwait2 that is not whole milliseconds is not rounded down.',
    kind: 'time',
    source: 'mojito-sys#162; mio',
    bugs: ['mojito-sys#162: less than 1 ms became 0, and the loop span'],
    variants: ['pwait2'],
    run: expectUnevenNotEarly,
  }),
  ...waitChecks({
    id: 'time.fine-not-early',
    statement: 'A timeout that is not whole milliseconds is not rounded down.',
    kind: 'time',
    source: 'poll(2), select(2); mojito-sys#162',
    variants: ['pwait'],
    backends: ['poll', 'select'],
    run: expectUnevenNotEarly,
  }),
  ...waitChecks({
    id: 'time.select-fine-not-early',
    statement: 'A timeout of select that is not whole milliseconds is not rounded down.',
    kind: 'time',
    source: 'select(2); mojito-sys#162',
    variants: ['plain'],
    backends: ['select'],
    run: expectUnevenNotEarly,
  }),
  ...waitChecks({
    id: 'time.pwait2-tiny',
    statement: 'Waits of 1 ns to 1 microsecond by epoll_pwait2 end: they neither spin nor last for ever.',
    kind: 'time',
    source: 'LTP epoll_pwait06; netdata#20273',
    bugs: ['netdata/netdata#20273: Linux 6.14.4 to 6.14.7 spun in the kernel once the timeout had expired'],
    variants: ['pwait2'],
    threads: 1,
    run: expectTinyEnds,
  }),
  ...waitChecks({
    id: 'time.tiny',
    statement: 'Waits of 1 ns to 1 microsecond end: they neither spin nor last for ever.',
    kind: 'time',
    source: 'LTP epoll_pwait06; netdata#20273',
    variants: ['pwait'],
    backends: ['poll', 'select'],
    threads: 1,
    run: expectTinyEnds,
  }),
  ...waitChecks({
    id: 'time.pwait2-invalid',
    statement:
      'A timespec with negative seconds, or with nanoseconds below 0 or of a second and more, is EINVAL.',
    kind: 'det',
    source: 'epoll_pwait2(2); LTP epoll_pwait05',
    differs: 'gVisor does not look: it takes negative seconds for no end.',
    variants: ['pwait2'],
    threads: 1,
    run: expectTimespecChecked,
  }),
  ...waitChecks({
    id: 'time.pwait2-timeout-kept',
    statement: 'The timeout of epoll_pwait2 is what it was, after an event and when its time is over.',
    kind: 'det',
    source: 'epoll_pwait2(2): const struct timespec; measured',
    why: 'A loop fills in its timeout once and waits with it again and again. Where it is counted down, the loop spins after the first wait.',
    variants: ['pwait2'],
    run(machine, fn) {
      watchPipe(machine)
      const ns = 2_000_001
      const wait = new Wait(machine, fn, { ns })
      expectCall(machine, wait, NOTHING)
      wait.expectLeft(ns, ns)
      machine.run(write('w', 1))
      expectCall(machine, wait, readable('r'))
      wait.expectLeft(ns, ns)
    },
  }),
  ...waitChecks({
    id: 'time.pwait2-bad-pointer',
    statement: 'A timespec that cannot be read is EFAULT.',
    kind: 'det',
    source: 'epoll_pwait2(2); LTP epoll_pwait05',
    variants: ['pwait2'],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      machine.begin('epoll_pwait2 with a timeout at an address that is not mapped')
      const { invocation } = new Wait(machine, fn, 'never')
      const unreadable = { ...invocation, args: invocation.args.with(3, BAD_POINTER) }
      withThreads(machine, 1, (thread) =>
        machine.expect(thread.call(unreadable), 'EFAULT', 'epoll_pwait2 with a bad pointer to its timeout'),
      )
    },
  }),
]

/** The shortest of several waits, none of which may be early. */
function fastestOf(machine: Machine, fn: WaitFunction, ns: number): number {
  const wait = new Wait(machine, fn, { ns })
  const durations = Array.from({ length: 10 }, () => {
    const made = expectCall(machine, wait, NOTHING)
    expectNotEarly(wait, made, ns)
    return made.elapsedNs
  })
  return Math.min(...durations)
}

function expectUnevenNotEarly(machine: Machine, fn: WaitFunction): void {
  watchPipe(machine)
  for (const uneven of UNEVEN_NS) {
    const ns = fn.unit === 'us' ? Math.floor(uneven / 1000) * 1000 : uneven
    const wait = new Wait(machine, fn, { ns })
    for (let i = 0; i < TRIES; i++) expectNotEarly(wait, expectCall(machine, wait, NOTHING), ns)
  }
}

/** Each many times in a row, by a thread: a wait that never ends must not take this one with it. */
function expectTinyEnds(machine: Machine, fn: WaitFunction): void {
  watchPipe(machine)
  withThreads(machine, 1, (thread) => {
    for (const ns of TINY_NS) {
      const wait = new Wait(machine, fn, { ns })
      expectNotEarly(wait, thread.expectOf(wait, NOTHING, PROMPT_MS), ns)
      machine.begin(`${wait.text}, ${TINY_ROUNDS} times`)
      const again = [...wait.resetting, { ...wait.invocation, accept: [0] }]
      thread.startJob({ calls: again, rounds: TINY_ROUNDS })
      const result = thread.endJob(PROMPT_MS)
      if (result === undefined) {
        throw new Failure(`${wait.text} ends`, `one of ${TINY_ROUNDS} lasts longer than ${PROMPT_MS} ms`)
      }
      if (result.rejected) machine.expect(wait.outcome(result.result, result.errno), NOTHING, wait.text)
    }
  })
}
