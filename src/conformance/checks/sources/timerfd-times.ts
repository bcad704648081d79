/** When a timerfd expires, and how often: never early, and no expiry more than its time allows. */
import { TFD } from '../../../libc/constants/linux.ts'
import { timeOf } from '../../../libc/libc.ts'
import { blocked, counter, join, sleep, thread } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { settime, settleReady, timerfd } from '../../steps/sources.ts'
import { askingFor } from './asking.ts'
import {
  exchangeTime,
  expectElapsed,
  expectNothing,
  FAR_MS,
  NS_PER_MS,
  readExpirations,
  timeLeft,
} from './timerfd-calls.ts'
import type { TimeLeft } from './timerfd-calls.ts'

export const timerfdTimes: readonly Check[] = [
  classicCheck({
    id: 'timerfd.in-after-expiry',
    statement:
      'A timer that goes off once is readable at its time and not before, by every clock, and what is read of it is 1, once.',
    kind: 'time',
    source: 'timerfd_create(2); LTP; epoll-shim; StarryOS',
    run(machine) {
      const timers = (['MONOTONIC', 'REALTIME', 'BOOTTIME'] as const).map((clock, i) => ({
        clock,
        afterMs: 5 + i,
        ask: askingFor(machine.backend, clock),
      }))
      machine.run(...timers.flatMap(({ clock, ask }) => [timerfd(clock, clock), ...ask.watch, ask.silent()]))
      const armed = timeOf(machine.libc)
      machine.run(...timers.map(({ clock, afterMs }) => settime(clock, afterMs)))
      for (const { clock, afterMs, ask } of timers) {
        machine.run(ask.readable(WOKEN.timeoutMs))
        expectElapsed(machine, armed, afterMs)
        machine.run(ask.readable(), counter(clock, '1'), counter(clock, 'EAGAIN'), ask.silent())
      }
      const ask = askingFor(machine.backend, 'absolute')
      machine.run(timerfd('absolute'), ...ask.watch)
      const now = timeOf(machine.libc)
      machine.run(
        settime('absolute', Number(now) / NS_PER_MS + 5, { flags: TFD.TIMER_ABSTIME }),
        ask.readable(WOKEN.timeoutMs),
      )
      // A number of milliseconds says the nanoseconds of a machine that has been up for years only roughly.
      expectElapsed(machine, now, 4.999)
      machine.run(counter('absolute', '1'), counter('absolute', 'EAGAIN'), ask.silent())
    },
  }),
  classicCheck({
    id: 'timerfd.past-abs',
    statement: 'A time that has passed already makes the timer go off at once, by every clock.',
    source: 'timerfd_create(2); gVisor; epoll-shim',
    run(machine) {
      for (const clock of ['MONOTONIC', 'REALTIME', 'BOOTTIME'] as const) {
        const ask = askingFor(machine.backend, clock)
        machine.run(timerfd(clock, clock), ...ask.watch)
        const start = timeOf(machine.libc)
        // A moment of the past that nobody lives to see if it is taken for a time from now on.
        const pastMs = clock === 'REALTIME' ? FAR_MS : Math.floor(Number(start) / NS_PER_MS / 2)
        machine.run(settime(clock, pastMs, { flags: TFD.TIMER_ABSTIME }), ask.readable(WOKEN.timeoutMs))
        const tookMs = Number(timeOf(machine.libc) - start) / NS_PER_MS
        if (tookMs > PROMPT_MS)
          throw new Failure('it goes off at once', `it goes off after ${Math.round(tookMs)} ms`)
        machine.run(counter(clock, '1'), counter(clock, 'EAGAIN'), ask.silent())
      }
    },
  }),
  classicCheck({
    id: 'timerfd.periodic-count',
    statement:
      'What is read of a periodic timer is how many periods have passed since the last read: none is lost, and none comes early.',
    kind: 'time',
    source: 'timerfd_create(2); gVisor; epoll-shim',
    backends: ['epoll'],
    run(machine) {
      const periodMs = 2
      machine.run(timerfd('t'))
      const before = timeOf(machine.libc)
      machine.run(settime('t', periodMs, { intervalMs: periodMs }))
      const after = timeOf(machine.libc)
      let sum = 0
      for (const pauseMs of [12, 1, 5]) {
        machine.run(sleep(pauseMs), settleReady('t', 'IN'))
        machine.begin(`read t, set to every ${periodMs} ms, after ${pauseMs} ms without reading`)
        const { count, began, ended } = readExpirations(machine, 't')
        sum += count
        const periodsUntil = (time: bigint, since: bigint): number =>
          Math.floor(Number(time - since) / (periodMs * NS_PER_MS))
        // A period of grace: an interrupt may be late, though not the clock that a read looks at.
        const [least, most] = [periodsUntil(began, after) - 1, periodsUntil(ended, before)]
        if (sum < least || sum > most) {
          throw new Failure(
            `from ${least} to ${most} expirations in all`,
            `${sum}, ${count} of them by the last read`,
          )
        }
      }
      machine.run(settime('t', 0), counter('t', 'EAGAIN'))
    },
  }),
  classicCheck({
    id: 'timerfd.old-value',
    statement:
      'Setting a timer tells what was left of it: of a periodic one what is left of its present period, of one that is over nothing.',
    level: 'de-facto',
    source: 'timerfd_settime(2); rcore-os/tgoskits#2237; measured',
    backends: ['epoll'],
    bugs: ['rcore-os/tgoskits#2237: the time left of a periodic timer was that of its first expiry'],
    run(machine) {
      machine.run(timerfd('t'))
      expectNothing(machine, exchangeTime(machine, 't', FAR_MS), 'of a timer that was never set')
      const armed = timeOf(machine.libc)
      machine.run(settime('t', FAR_MS))
      expectLeft(machine, exchangeTime(machine, 't', 0), { fullMs: FAR_MS, since: armed, everyMs: 0 })

      for (const fullMs of [15_000.25, 59_999.999, FAR_MS + 0.5]) {
        const since = timeOf(machine.libc)
        machine.run(settime('t', fullMs))
        machine.begin(`timerfd_gettime of a timer of ${fullMs} ms`)
        expectLeft(machine, timeLeft(machine, 't'), { fullMs, since, everyMs: 0 })
      }
      machine.run(settime('t', 0))

      const started = timeOf(machine.libc)
      machine.run(settime('t', 0.001, { intervalMs: FAR_MS }), settleReady('t', 'IN'))
      const second = { fullMs: FAR_MS + 0.001, since: started, everyMs: FAR_MS }
      machine.begin('timerfd_gettime in the second period')
      expectLeft(machine, timeLeft(machine, 't'), second)
      expectLeft(machine, exchangeTime(machine, 't', 0), second)

      machine.run(settime('t', 0.001), settleReady('t', 'IN'))
      expectNothing(machine, exchangeTime(machine, 't', 0), 'of a timer that has gone off')
    },
  }),
  classicCheck({
    id: 'timerfd.blocked-waiter-resettime',
    statement:
      'Who waits for a timer wakes up at the time that another thread sets meanwhile, and at no other.',
    kind: 'thread',
    threads: 1,
    source: 'timerfd_settime(2); epoll-shim',
    run(machine) {
      const ask = askingFor(machine.backend, 't')
      machine.run(timerfd('t'), ...ask.watch)
      for (const firstMs of [0, FAR_MS, 10]) {
        machine.run(settime('t', firstMs))
        if (firstMs === 10) {
          // Put off before it goes off, or it has gone off and its expiry is taken back.
          machine.run(settime('t', FAR_MS))
        }
        machine.run(thread('waiter', ask.readable(WOKEN.timeoutMs)), blocked('waiter'))
        if (firstMs === 10) machine.run(sleep(12), blocked('waiter'))
        const set = timeOf(machine.libc)
        machine.run(settime('t', 2), join('waiter'))
        expectElapsed(machine, set, 2)
        machine.run(counter('t', '1'), ask.silent())
      }
    },
  }),
]

/** Fails unless as much is left of a timer as the time that has passed since it was set allows. */
function expectLeft(
  machine: Machine,
  { valueNs, intervalNs }: TimeLeft,
  { fullMs, since, everyMs }: { readonly fullMs: number; readonly since: bigint; readonly everyMs: number },
): void {
  const most = fullMs * NS_PER_MS
  const least = most - Number(timeOf(machine.libc) - since)
  if (valueNs < least || valueNs > most) {
    throw new Failure(`from ${least} to ${most} ns left`, `${valueNs} ns left`)
  }
  machine.expect(intervalNs, everyMs * NS_PER_MS, 'the interval in ns')
}
