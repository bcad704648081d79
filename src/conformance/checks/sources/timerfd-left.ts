/** What is left of a timer, and how often it has gone off, where both must fit the time that has passed. */
import { TFD } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { timeOf } from '../../../libc/libc.ts'
import { NULL } from '../../../libc/signatures.ts'
import { counter, sleep } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { settime, settleReady, timerfd } from '../../steps/sources.ts'
import {
  expectNothing,
  FAR_MS,
  goOff,
  itimerspec,
  NS_PER_MS,
  readExpirations,
  timeLeft,
} from './timerfd-calls.ts'

/** When something was done: between two looks at the clock. */
interface Span {
  readonly from: bigint
  readonly to: bigint
}

function during(machine: Machine, action: () => void): Span {
  const from = timeOf(machine.libc)
  action()
  return { from, to: timeOf(machine.libc) }
}

export const timerfdLeft: readonly Check[] = [
  epollCheck({
    id: 'timerfd.gettime',
    statement:
      'What is left of a timer gets less as time passes, also where it was set to a time of the clock or is periodic, and is nothing when it has gone off.',
    kind: 'time',
    source: 'timerfd_gettime(2)',
    bugs: ['rcore-os/tgoskits#2237: the time left of a periodic timer was that of its first expiry'],
    run(machine) {
      machine.run(timerfd('t'))
      for (const intervalMs of [0, FAR_MS]) {
        const set = during(machine, () => machine.run(settime('t', 1000, { intervalMs })))
        machine.run(sleep(2))
        expectDue(machine, 't', set, 1000, intervalMs)
      }
      const now = timeOf(machine.libc)
      machine.run(settime('t', Number(now) / NS_PER_MS + 1000, { flags: TFD.TIMER_ABSTIME }), sleep(1))
      // A number of milliseconds says the nanoseconds of a machine that has been up for years only roughly.
      expectDue(machine, 't', { from: now - 1000n, to: now + 1000n }, 1000, 0)
      machine.run(...goOff('t'))
      machine.begin('timerfd_gettime(t)')
      expectNothing(machine, timeLeft(machine, 't'), 'when it has gone off')
      machine.run(counter('t', '1'))
      machine.begin('timerfd_gettime(t)')
      expectNothing(machine, timeLeft(machine, 't'), 'when that was read')
    },
  }),
  epollCheck({
    id: 'timerfd.keeps-phase',
    statement:
      'A periodic timer goes off at multiples of its period after it was set, however late it is read: reading does not set it anew.',
    kind: 'time',
    source: 'timerfd_create(2): a periodic timer; measured',
    why: 'A clock that ticks from its last read is slow by all the time that reading took.',
    run(machine) {
      const periodMs = 12
      machine.run(timerfd('t'))
      const set = during(machine, () => machine.run(settime('t', periodMs, { intervalMs: periodMs })))
      let sum = 0
      for (const pauseMs of [17, 6, 9]) {
        machine.run(sleep(pauseMs), settleReady('t', 'IN'))
        machine.begin('read t')
        sum += readExpirations(machine, 't').count
        expectDue(machine, 't', set, periodMs * (sum + 1), periodMs, periodMs)
      }
    },
  }),
  epollCheck({
    id: 'timerfd.past-periodic',
    statement: 'A periodic timer that was due in the past has gone off for every period since.',
    kind: 'time',
    source: 'timerfd_create(2), TFD_TIMER_ABSTIME; measured',
    run(machine) {
      const [pastMs, periodMs] = [50.5, 10]
      machine.run(timerfd('t'))
      const now = timeOf(machine.libc)
      const due = now - BigInt(pastMs * NS_PER_MS)
      machine.run(
        settime('t', Number(due) / NS_PER_MS, { intervalMs: periodMs, flags: TFD.TIMER_ABSTIME }),
        settleReady('t', 'IN'),
      )
      machine.begin('read t')
      expectCount(machine, 't', { from: due - 1000n, to: due + 1000n }, periodMs)
    },
  }),
  epollCheck({
    id: 'timerfd.many-expirations',
    statement: 'Expirations are counted beyond 255 and 65535.',
    kind: 'time',
    source: 'timerfd_create(2): an unsigned 8-byte integer',
    run(machine) {
      for (const [periodNs, pauseMs] of [
        [5000, 4],
        [50, 10],
      ] as const) {
        const periodMs = periodNs / NS_PER_MS
        machine.run(timerfd('t'))
        const set = during(machine, () => machine.run(settime('t', periodMs, { intervalMs: periodMs })))
        machine.run(sleep(pauseMs), settleReady('t', 'IN'))
        machine.begin(`read t, set to every ${periodNs} ns, after ${pauseMs} ms`)
        const first = BigInt(periodNs)
        // Who counts in a thread of its own may not have come to the last ones.
        expectCount(machine, 't', { from: set.from + first, to: set.to + first }, periodMs, 0.5)
        machine.run(settime('t', 0), { op: 'close', fd: 't' })
      }
    },
  }),
  epollCheck({
    id: 'timerfd.refused-setting',
    statement: 'A setting that is refused leaves the timer as it was, running to the same time.',
    source: 'timerfd_settime(2), ERRORS; measured',
    run(machine) {
      machine.run(timerfd('t'))
      const set = during(machine, () => machine.run(settime('t', FAR_MS, { intervalMs: FAR_MS })))
      const bad = itimerspec(0)
      bad.view.setBigInt64(layouts.itimerspec.offsets.value_nsec, 1_000_000_000n, true)
      machine.begin('timerfd_settime(t) with 10^9 ns')
      const result = resultOf(machine.libc, 'timerfd_settime', machine.fd('t'), 0, bad.address, NULL)
      machine.expect(result, 'EINVAL', 'timerfd_settime')
      expectDue(machine, 't', set, FAR_MS, FAR_MS)
    },
  }),
]

/**
 * Fails unless a timer is due as long after it was set as it should: what is left of it now is bounded on both sides
 * by looks at the clock. It may be a period further, where time has passed it by since.
 */
function expectDue(
  machine: Machine,
  fd: string,
  set: Span,
  afterMs: number,
  intervalMs: number,
  periodMs = 0,
): void {
  machine.begin(`timerfd_gettime(${fd})`)
  let left = { valueNs: 0, intervalNs: 0 }
  const asked = during(machine, () => {
    left = timeLeft(machine, fd)
  })
  const afterNs = afterMs * NS_PER_MS
  const least = Number(set.from - asked.to) + afterNs
  const most = Number(set.to - asked.from) + afterNs
  const periodNs = periodMs * NS_PER_MS
  const { valueNs } = left
  // A timer that goes off between its read and this question is due a period later.
  const passed = periodNs > 0 && valueNs > most ? Math.ceil((valueNs - most) / periodNs) * periodNs : 0
  if (valueNs < least + passed || valueNs > most + passed || (passed > 0 && least > 0)) {
    throw new Failure(`from ${least} to ${most} ns left`, `${valueNs} ns left`)
  }
  machine.expect(left.intervalNs, intervalMs * NS_PER_MS, 'the interval in ns')
}

/**
 * Fails unless a read gives as many expirations as periods have passed since the first, which was at this time, or at
 * least this part of them.
 */
function expectCount(machine: Machine, fd: string, first: Span, periodMs: number, part = 1): void {
  const { count, began, ended } = readExpirations(machine, fd)
  const until = (time: bigint, since: bigint): number =>
    Math.floor(Number(time - since) / (periodMs * NS_PER_MS)) + 1
  // A period of grace: an interrupt may be late, though not the clock that a read looks at.
  const [least, most] = [Math.floor(part * until(began, first.to)) - 1, until(ended, first.from)]
  if (count < least || count > most) {
    throw new Failure(`from ${least} to ${most} expirations`, `${count} expirations`)
  }
}
