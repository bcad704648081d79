import { CLOCK } from '../../../libc/constants/linux.ts'
import { UnsupportedError } from '../../../errors.ts'
import { originOf, sys } from '../../../libc/libc.ts'
import { sleep } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { timespecOf } from '../../operations/events.ts'
import { WOKEN } from '../../patience.ts'
import { change, events, kev, kevent, kqueue, requireSystem, told } from '../../steps/kevents.ts'
import type { KeventChange, KeventStep } from '../../steps/kevents.ts'

const HOUR_MS = 3_600_000

const fires = (): KeventStep => events('kq', [told('TIMER', 7, { data: { least: 1 } })], WOKEN)

/** Sets a timer and waits for it, in one call, which lasts at least so long. */
const firesAfter = (atLeastMs: number, set: Pick<KeventChange, 'data' | 'fflags'>): KeventStep =>
  kevent('kq', [kev('TIMER', 7, 'ADD|ONESHOT', set)], [told('TIMER', 7, { data: 1 })], {
    ...WOKEN,
    atLeastMs,
  })

/** EVFILT_TIMER: what becomes of a timer that is changed. */
export const timerChanges: readonly Check[] = [
  kqueueCheck({
    id: 'kq.timer.readd-replaces',
    statement: 'Adding a timer again replaces its period and its unit, and it begins anew.',
    kind: 'time',
    source: 'FreeBSD tests; libkqueue',
    differs: 'DragonFly left a running timer as it was, before D15778.',
    bugs: [
      'mheily/libkqueue#116: a timer that was added again kept its old time',
      'FreeBSD PR 214987: a timer could not be changed',
    ],
    steps: [
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: HOUR_MS })),
      firesAfter(30, { data: 30 }),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: 30, fflags: 'SECONDS' })),
      firesAfter(30, { data: 30_000, fflags: 'USECONDS' }),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: 5 })),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: HOUR_MS })),
      events('kq', [], { timeoutMs: 20 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.update-expired',
    statement: 'A timer that has fired unnoticed and is added again comes once, when the new time is over.',
    kind: 'time',
    source: 'FreeBSD tests, timer update',
    steps: [
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: 5 })),
      sleep(15),
      firesAfter(60, { data: 60 }),
      events('kq', [], { timeoutMs: 80 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.abs-clock-step',
    statement: 'A timer with an absolute time follows the clock when that is set.',
    level: 'quirk',
    kind: 'time',
    source: 'lalinsky/zio#643',
    differs: 'macOS does not: the timer fires when as much time has passed as was left when it was set.',
    run: expectClockFollowed,
  }),
  kqueueCheck({
    id: 'kq.timer.dispatch',
    statement: 'A timer with EV_DISPATCH fires once and is disabled; enabled, it fires again.',
    kind: 'time',
    source: 'libkqueue; mheily/libkqueue#122',
    differs:
      'What has expired meanwhile is counted by OpenBSD, and by no other. NetBSD takes EV_CLEAR for granted, which defeats it.',
    bugs: ['mheily/libkqueue#122: a timer with EV_DISPATCH that was enabled again did not fire'],
    steps: [
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD|DISPATCH', { data: 10 })),
      fires(),
      events('kq', [], { timeoutMs: 40 }),
      change('kq', kev('TIMER', 7, 'ENABLE', { data: 10 })),
      fires(),
      events('kq', [], { timeoutMs: 40 }),
      change('kq', kev('TIMER', 7, 'DELETE')),
    ],
  }),
  kqueueCheck({
    id: 'kq.timer.disable-enable',
    statement: 'A disabled timer is silent, and one that is enabled fires again.',
    kind: 'time',
    source: 'kqueue(2); libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('TIMER', 7, 'ADD', { data: 10 })),
      fires(),
      change('kq', kev('TIMER', 7, 'DISABLE', { data: 10 })),
      events('kq', [], { timeoutMs: 40 }),
      change('kq', kev('TIMER', 7, 'ENABLE', { data: 10 })),
      fires(),
      fires(),
    ],
  }),
]

/** How far the clock is set forward. */
const STEP_MS = 3_000_000

/**
 * Sets the clock past the time of a timer. Only where that is done by a library of the caller's: the clock of the
 * machine is no business of a check.
 */
function expectClockFollowed(machine: Machine): void {
  const { libc } = machine
  machine.run(requireSystem('a clock that may be set', 'macos'))
  if (!libc.has('clock_settime') || originOf(libc, 'clock_settime') === originOf(libc, 'getppid')) {
    throw new UnsupportedError('setting the clock', 'it would be that of the whole machine')
  }
  const now = Date.now()
  machine.run(
    kqueue('kq'),
    change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { fflags: 'ABSTIME', data: now + STEP_MS })),
  )
  sys(libc, 'clock_settime', CLOCK.REALTIME, timespecOf(now + 2 * STEP_MS).address)
  machine.run(fires())
}
