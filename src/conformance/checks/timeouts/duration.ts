import { add, eventfd, read, write } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import {
  expectCall,
  expectNotEarly,
  inMs,
  make,
  NOTHING,
  readable,
  Wait,
  watchPipe,
} from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

/** What is waited for in vain. The same time more than once, because rounding depends on where a tick begins. */
const SHORT_MS = [1, 1, 2, 10]
/** Once, beside the others: an error that grows with the time shows here. */
const LONG_MS = 100

/** How often a wait is made whose shortest duration is to tell what it takes by itself. */
const TRIES = 40

/** A wait that sleeps at all sleeps a tick, or a millisecond. */
const AT_ONCE_NS = 1e6

/** Ticks of 100 a second, and timers that the system puts off to save power, make a wait later than this. */
const LATE_NS = 10e6

/** How long a wait lasts in which nothing happens. */
export const durations: readonly Check[] = [
  ...waitChecks({
    id: 'time.never-early',
    statement:
      'A wait in which nothing happens lasts at least its timeout by the monotonic clock: 1, 2, 10 and 100 ms.',
    kind: 'time',
    source: 'epoll_wait(2), poll(2), select(2); kernel selftest epoll_wakeup 63; libev',
    why: 'A loop that is woken a moment before its timer is due finds nothing to do and waits again, for less than its clock can tell: it spins until the time has come.',
    bugs: [
      'libev: old kernels rounded the timeout down and returned up to a tick early',
      'mtcp-stack/mtcp#101: a timeout of up to 1000 ms returned at once',
    ],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      // More than one entry, as programs have: what it takes to look at them must not be taken off the time.
      if (machine.backend === 'epoll') machine.run(eventfd('quiet'), add('ep', 'quiet', 'IN|ET'))
      withThreads(machine, 1, (thread) => {
        const long = new Wait(machine, fn, { ms: LONG_MS })
        // Once for all functions of a backend is enough: it takes long.
        if (!fn.masks) thread.start(long)
        for (const ms of SHORT_MS) {
          const wait = new Wait(machine, fn, { ms })
          expectNotEarly(wait, expectCall(machine, wait, NOTHING), ms * 1e6)
        }
        if (!fn.masks) expectNotEarly(long, thread.expect(NOTHING), LONG_MS * 1e6)
      })
    },
  }),
  ...waitChecks({
    id: 'time.not-late',
    statement: `Of several waits of 1 ms at least one is less than ${inMs(LATE_NS)} late.`,
    level: 'quirk',
    kind: 'time',
    source: 'lalinsky/zio#643; measured',
    differs:
      'Linux is some 0.1 ms late. macOS was 50 to 150 ms late with EVFILT_TIMER, which it puts off to save power.',
    run(machine, fn) {
      watchPipe(machine)
      const wait = new Wait(machine, fn, { ms: 1 })
      const late = Array.from(
        { length: 5 },
        () => expectCall(machine, wait, NOTHING).elapsedNs - 1e6,
      ).toSorted((a, b) => a - b)
      const [fastest = 0, median = 0, slowest = 0] = [late[0], late[2], late[4]]
      const figures = `late by ${inMs(fastest)} at least, ${inMs(median)} in the median, ${inMs(slowest)} at most`
      if (fastest > LATE_NS) throw new Failure(`less than ${inMs(LATE_NS)} late`, figures)
      machine.note = figures
    },
  }),
  ...waitChecks({
    id: 'time.zero-nonblocking',
    statement: 'A wait with timeout 0 returns at once, whether something is ready or not.',
    kind: 'time',
    source: 'epoll_wait(2), poll(2), select(2); LTP epoll_wait04',
    bugs: ['WasmEdge/WasmEdge#2717: a timeout of 0 waited without end'],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      const wait = new Wait(machine, fn, { ms: 0 })
      withThreads(machine, 1, (thread) => {
        for (const outcome of [NOTHING, readable('r')]) {
          if (outcome !== NOTHING) machine.run(write('w', 1))
          // By the thread first: it can be got out of a wait that blocks.
          thread.expectOf(wait, outcome, PROMPT_MS)
          expectAtOnce(machine, wait, outcome)
        }
      })
    },
  }),
  ...waitChecks({
    id: 'time.zero-still-polls',
    statement: 'A wait with timeout 0 sees what became ready, or ceased to be, right before it.',
    kind: 'det',
    source: 'mio zero_duration_polls_events',
    run(machine, fn) {
      watchPipe(machine)
      const wait = new Wait(machine, fn, { ms: 0 })
      for (let round = 0; round < 5; round++) {
        expectCall(machine, wait, NOTHING)
        machine.run(write('w', 1))
        expectCall(machine, wait, readable('r'))
        expectCall(machine, wait, readable('r'))
        machine.run(read('r', 1))
      }
      expectCall(machine, wait, NOTHING)
    },
  }),
  ...waitChecks({
    id: 'time.timeout-keeps-later-event',
    statement:
      'After a wait that ran out of time, the next one reports what becomes ready before it or during it.',
    source: 'Miri notification_after_timeout; measured',
    bugs: ['apache/nuttx#10706: the wait after a timeout returned 0'],
    threads: 1,
    run: expectEventAfterTimeout,
  }),
]

/** Fails if even the fastest of many calls takes as long as one that sleeps. */
function expectAtOnce(machine: Machine, wait: Wait, outcome: string): void {
  machine.begin(`${wait.text}, ${TRIES} times`)
  let fastest = Infinity
  for (let i = 0; i < TRIES; i++) {
    const made = make(machine, wait)
    machine.expect(made.outcome, outcome, wait.text)
    fastest = Math.min(fastest, made.elapsedNs)
  }
  if (fastest < AT_ONCE_NS) return
  throw new Failure(
    `the fastest of ${TRIES} calls of ${wait.text} takes less than ${inMs(AT_ONCE_NS)}`,
    `it took ${inMs(fastest)}`,
  )
}

function expectEventAfterTimeout(machine: Machine, fn: WaitFunction): void {
  watchPipe(machine)
  const brief = new Wait(machine, fn, { ms: 1 })
  const long = new Wait(machine, fn, { ms: WOKEN.timeoutMs })
  expectCall(machine, brief, NOTHING)
  machine.run(write('w', 1))
  expectCall(machine, new Wait(machine, fn, { ms: PROMPT_MS }), readable('r'))
  machine.run(read('r', 1))
  withThreads(machine, 1, (thread) => {
    thread.expectOf(brief, NOTHING)
    thread.startBlocked(long)
    machine.run(write('w', 1))
    thread.expect(readable('r'))
    machine.run(read('r', 1))
    thread.expectOf(brief, NOTHING)
  })
}
