import { sleep } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { change, events, kev, kevent, kqueue, requireSystem, told } from '../../steps/kevents.ts'
import {
  expectAbsolute,
  expectLateness,
  expectPastAbsolute,
  expectQuietPeriod,
  expectSwitches,
} from './timer-runs.ts'

/** A timer that has come once is one that came at least once. */
const once = told('TIMER', 7, { data: { least: 1 } })

/** EVFILT_TIMER: when timers fire, and what they say. */
export const timers: readonly Check[] = [
  kqueueCheck({
    id: 'kq.timer.default-ms',
    statement:
      'Without a unit a timer counts milliseconds, fires not before they are over, and data is how often it has.',
    kind: 'time',
    source: 'kqueue(2), EVFILT_TIMER; libkqueue; NetBSD tests',
    steps: [
      kqueue('kq'),
      // Set in the call that waits, so that the wait lasts at least as long as the timer.
      kevent('kq', [kev('TIMER', 7, 'ADD|ONESHOT', { data: 30 })], [told('TIMER', 7, { data: 1 })], {
        ...WOKEN,
        atLeastMs: 30,
      }),
      kevent('kq', [kev('TIMER', 7, 'ADD', { data: 30 })], [once], { ...WOKEN, atLeastMs: 30 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.units',
    statement:
      'Timers of seconds, milliseconds, microseconds and nanoseconds fire after their time, and soon.',
    kind: 'time',
    takesMs: 1200,
    source: 'kqueue(2), NOTE_SECONDS and others; FreeBSD tests; libkqueue',
    differs: 'OpenBSD before 7.5 knows milliseconds only.',
    steps: [
      kqueue('kq'),
      ...(
        [
          ['SECONDS', 1, 1000],
          ['MSECONDS', 30, 30],
          ['USECONDS', 30_000, 30],
          ['NSECONDS', 30_000_000, 30],
        ] as const
      ).map(([fflags, data, ms]) =>
        kevent('kq', [kev('TIMER', 7, 'ADD|ONESHOT', { fflags, data })], [told('TIMER', 7, { data: 1 })], {
          ...WOKEN,
          atLeastMs: ms,
          atMostMs: ms + PROMPT_MS,
        }),
      ),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.implicit-clear',
    statement:
      'A timer that was retrieved does not come again before its next period is over, also without EV_CLEAR.',
    source: 'kqueue(2): "this filter automatically sets the EV_CLEAR flag internally"; libkqueue',
    kind: 'time',
    run: expectQuietPeriod,
  }),
  kqueueCheck({
    id: 'kq.timer.accumulates',
    statement: 'A timer of 50 ms that nobody has asked for 500 ms says that it fired at least 8 times.',
    kind: 'time',
    takesMs: 600,
    source: 'kqueue(2): "data contains the number of times the timeout has expired"; libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD', { data: 50 })),
      sleep(500),
      events('kq', [told('TIMER', 7, { data: { least: 8 } })]),
      change('kq', kev('TIMER', 7, 'DELETE')),
      events('kq', [], { timeoutMs: 60 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.oneshot',
    statement: 'A timer with EV_ONESHOT fires once, and is gone: deleting it fails with ENOENT.',
    kind: 'time',
    source: 'kqueue(2); libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: 5 })),
      events('kq', [told('TIMER', 7, { data: 1 })], WOKEN),
      events('kq', [], { timeoutMs: 30 }),
      change('kq', kev('TIMER', 7, 'DELETE'), 'ENOENT'),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.absolute',
    statement: 'A timer with an absolute time fires when that time has come, and once.',
    kind: 'time',
    source: 'kqueue(2), NOTE_ABSTIME; libkqueue',
    differs: 'It is NOTE_ABSOLUTE on macOS; OpenBSD has none, and NetBSD since version 10.',
    run: expectAbsolute,
  }),
  kqueueCheck({
    id: 'kq.timer.absolute-past',
    statement: 'A timer with an absolute time that has passed fires at once.',
    kind: 'time',
    source: 'kqueue(2), NOTE_ABSTIME; janet#819',
    bugs: ['janet-lang/janet#819: FreeBSD refused a time that had passed with EINVAL'],
    run: expectPastAbsolute,
  }),
  kqueueCheck({
    id: 'kq.timer.rel-abs-switch',
    statement: 'A timer can be changed from a relative time to an absolute one, and back.',
    kind: 'time',
    source: 'libkqueue; FreeBSD tests',
    run: expectSwitches,
  }),
  kqueueCheck({
    id: 'kq.timer.zero',
    statement: 'A timer of a period of 0 fires at once: it is taken for one of 1.',
    level: 'de-facto',
    kind: 'time',
    source: 'kern_event.c of FreeBSD, filt_timerexpire; libkqueue; monkey#422',
    why: 'A deadline that is just now is a timer of 0; where that never fires, the program sleeps on.',
    steps: [
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: 0 })),
      events('kq', [told('TIMER', 7, { data: 1 })], { timeoutMs: 2000 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.negative',
    statement: 'A timer of a negative time fails with EINVAL.',
    level: 'de-facto',
    source: 'FreeBSD; libkqueue',
    differs: 'The other systems accept it.',
    steps: [
      requireSystem('EINVAL for a negative timer', 'freebsd', 'freebsd11', 'libkqueue'),
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: -1 }), 'EINVAL'),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: -1_000_000 }), 'EINVAL'),
      events('kq', [], { timeoutMs: 5 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.huge',
    statement: 'The longest timer of nanoseconds, 292 years, does not overflow: it does not fire.',
    kind: 'time',
    source: 'libkqueue; measured',
    differs: 'macOS refuses it with ERANGE.',
    steps: [
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { fflags: 'NSECONDS', data: '9223372036854775807' }), {
        otherwise: 0,
        macos: 'ERANGE',
      }),
      events('kq', [], { timeoutMs: 30 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.coalescing',
    statement: 'Timers of 20 ms are late by less than 50 ms, in the median of ten.',
    level: 'quirk',
    kind: 'time',
    takesMs: 400,
    source: 'lalinsky/zio#643',
    differs: 'macOS lets timers without NOTE_CRITICAL be 50 to 150 ms late, to save power.',
    run(machine) {
      machine.run(requireSystem('timers that are put together', 'macos'))
      expectLateness(machine)
    },
  }),
]
