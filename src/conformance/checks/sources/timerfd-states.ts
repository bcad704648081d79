/** What a timerfd reports in each of its states, and what it refuses. */
import { CLOCK, TFD } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import type { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import { add, call, counter, drain, epoll, eventfd, read, sleep, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck, classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import type { Name } from '../../steps.ts'
import { settime, settleReady, timerfd } from '../../steps/sources.ts'
import { askingFor } from './asking.ts'
import { FAR_MS, goOff, itimerspec, SOON_MS } from './timerfd-calls.ts'

/** A time that no check lives to see. */

export const timerfdStates: readonly Check[] = [
  classicCheck({
    id: 'timerfd.lt-until-read',
    statement: 'A timer that has gone off is readable on every wait until it is read or set again.',
    source: 'timerfd_create(2); measured',
    steps: (backend) => {
      const ask = askingFor(backend, 't')
      return [
        timerfd('t'),
        ...ask.watch,
        ask.silent(),
        ...goOff('t'),
        ask.readable(),
        ask.readable(),
        ask.readable(1000),
        counter('t', '1'),
        ask.silent(),
        ask.silent(3),
        // A periodic timer too, however many periods pass.
        settime('t', SOON_MS, { intervalMs: 1 }),
        settleReady('t', 'IN'),
        ask.readable(),
        sleep(3),
        ask.readable(),
        settime('t', 0),
        ask.silent(),
      ]
    },
  }),
  epollCheck({
    id: 'timerfd.et-periodic-single-edge',
    statement:
      'An edge-triggered entry of a periodic timer reports only the first of its expirations until it is read.',
    level: 'quirk',
    kind: 'time',
    source: 'measured',
    why: 'A loop that does not read its timers hears of each no more than once.',
    differs: 'A timer in user space may report every period as an edge.',
    steps: [
      timerfd('t'),
      epoll('ep'),
      add('ep', 't', 'IN|ET'),
      wait('ep', {}),
      settime('t', 2, { intervalMs: 2 }),
      wait('ep', { t: 'IN' }, WOKEN),
      wait('ep', {}, { timeoutMs: 10 }),
      drain('t'),
      wait('ep', { t: 'IN' }, WOKEN),
      wait('ep', {}, { timeoutMs: 5 }),
    ],
  }),
  epollCheck({
    id: 'timerfd.et-each-setting',
    statement:
      'Whenever a timer that was set anew goes off, that is an edge, whether or not what came before was read.',
    level: 'de-facto',
    kind: 'time',
    source: 'epoll(7); measured',
    why: 'A loop that sets its one timer again and again need not read it.',
    steps: [
      timerfd('t'),
      epoll('ep'),
      add('ep', 't', 'IN|ET'),
      ...[1, 2, 3].flatMap(() => [settime('t', 1), wait('ep', { t: 'IN' }, WOKEN), wait('ep', {})]),
      settime('t', FAR_MS),
      wait('ep', {}),
      counter('t', 'EAGAIN'),
    ],
  }),
  classicCheck({
    id: 'timerfd.settime-clears',
    statement:
      'Setting a timer, be it to stop it, takes back expirations that were not read: it is no longer readable, and read says EAGAIN.',
    source: 'timerfd_settime(2); gVisor; StarryOS',
    bugs: [
      'managarm/managarm#1527: a timer that was stopped stayed readable for ever',
      'jiixyj/epoll-shim#15: after a timer was stopped, waits returned at once for ever',
    ],
    steps: (backend) => {
      const ask = askingFor(backend, 't')
      return [
        timerfd('t'),
        ...ask.watch,
        ...[0, FAR_MS].flatMap((nextMs) => [
          ...goOff('t'),
          ask.readable(),
          settime('t', nextMs),
          ask.silent(),
          counter('t', 'EAGAIN'),
          ask.silent(2),
          // Also expirations that nobody has seen.
          ...goOff('t'),
          settime('t', nextMs),
          counter('t', 'EAGAIN'),
          ask.silent(),
          settime('t', SOON_MS, { intervalMs: SOON_MS }),
          settleReady('t', 'IN'),
          settime('t', nextMs),
          ask.silent(),
          counter('t', 'EAGAIN'),
        ]),
        // No first expiry is none at all, whatever the interval.
        settime('t', 0, { intervalMs: SOON_MS }),
        ask.silent(3),
        counter('t', 'EAGAIN'),
        // What comes after is not lost.
        ...goOff('t'),
        ask.readable(),
        counter('t', '1'),
      ]
    },
  }),
  classicCheck({
    id: 'timerfd.never-out',
    statement:
      'A timerfd is never writable, whether it is stopped, running or has gone off, and never anything but readable.',
    source: 'timerfd_create(2); epoll-shim',
    steps: (backend) => {
      // It is asked for everything there is.
      const ask = askingFor(backend, 't')
      return [
        timerfd('t'),
        ...ask.watch,
        ask.silent(),
        settime('t', FAR_MS),
        ask.silent(),
        ...goOff('t'),
        ask.readable(),
        counter('t', '1'),
        ask.silent(),
        settime('t', 0),
        ask.silent(2),
      ]
    },
  }),
  epollCheck({
    id: 'timerfd.bad-args',
    statement:
      'Writing, reading fewer than 8 bytes, unknown clocks and flags and times that are none are EINVAL, pread is ESPIPE, and the timer goes on as before.',
    source: 'timerfd_create(2), ERRORS; LTP; gVisor',
    run(machine) {
      machine.run(
        // First: where there is none, nothing is learned from its errors.
        timerfd('t'),
        call('timerfd_create', [99, 0], 'EINVAL'),
        call('timerfd_create', [-1, 0], 'EINVAL'),
        ...[1, 2, 1 << 30].map((unknown) => call('timerfd_create', [CLOCK.MONOTONIC, unknown], 'EINVAL')),
        eventfd('e'),
        settime('t', FAR_MS),
        write('t', 8, 'EINVAL'),
        call('pread', ['$t', { bytes: 8 }, 8, 0], 'ESPIPE'),
        ...[4, 7].map((bytes) => read('t', bytes, 'EINVAL')),
      )
      for (const [spec, what] of badTimes()) expectRefused(machine, 't', 0, spec, what)
      const good = itimerspec(1e6)
      for (const unknown of [4, 1 << 30]) expectRefused(machine, 't', unknown, good, `flags ${unknown}`)
      expectRefused(machine, 'e', 0, good, 'an eventfd')
      machine.run(
        call('timerfd_settime', ['$t', 0, 0, 0], 'EFAULT'),
        call('timerfd_settime', ['$t', 0, 'bad-pointer', 0], 'EFAULT'),
        call('timerfd_settime', [-1, 0, { bytes: layouts.itimerspec.size }, 0], 'EBADF'),
        counter('t', 'EAGAIN'),
        ...goOff('t'),
        read('t', 4, 'EINVAL'),
        // A big read gives what there is.
        read('t', 64, 8),
        counter('t', 'EAGAIN'),
      )
    },
  }),
  epollCheck({
    id: 'timerfd.efault-consumes',
    statement: 'A read into memory that is none is EFAULT, and the expirations are gone.',
    level: 'quirk',
    source: 'measured',
    differs: 'StarryOS keeps the expirations.',
    steps: [
      timerfd('t'),
      epoll('ep'),
      add('ep', 't', 'IN'),
      ...goOff('t'),
      wait('ep', { t: 'IN' }),
      call('read', ['$t', 'bad-pointer', 8], 'EFAULT'),
      wait('ep', {}),
      counter('t', 'EAGAIN'),
    ],
  }),
  epollCheck({
    id: 'timerfd.cancel-on-set',
    statement:
      'A timer that is to be cancelled when the clock is set runs like any other as long as nobody sets it.',
    kind: 'time',
    source: 'timerfd_create(2), TFD_TIMER_CANCEL_ON_SET; LTP',
    bugs: ['apache/nuttx#18238: the flag was not known'],
    differs:
      'What happens when the clock is set, ECANCELED, is not shown: this never sets the clock of a machine.',
    run(machine) {
      const flags = TFD.TIMER_ABSTIME | TFD.TIMER_CANCEL_ON_SET
      machine.run(timerfd('t', 'REALTIME'), epoll('ep'), add('ep', 't', 'IN'))
      machine.run(
        settime('t', Date.now() + FAR_MS, { flags }),
        wait('ep', {}),
        counter('t', 'EAGAIN'),
        settime('t', 1, { flags }),
        wait('ep', { t: 'IN' }, { timeoutMs: PROMPT_MS }),
        counter('t', '1'),
        counter('t', 'EAGAIN'),
        wait('ep', {}),
        // Without a time of day there is nothing to be cancelled for.
        settime('t', SOON_MS, { flags: TFD.TIMER_CANCEL_ON_SET }),
        wait('ep', { t: 'IN' }, WOKEN),
        counter('t', '1'),
      )
    },
  }),
]

const { offsets } = layouts.itimerspec

/** Times that no clock has: of the first expiry, and of the interval. */
function badTimes(): [Memory, string][] {
  const values = [1_000_000_000n, -1n, 2n ** 62n]
  const nanoseconds = (['value_nsec', 'interval_nsec'] as const).flatMap((field) =>
    values.map((value): [Memory, string] => [withField(field, value), `${field} of ${value}`]),
  )
  const seconds = (['value_sec', 'interval_sec'] as const).map((field): [Memory, string] => [
    withField(field, -1n),
    `${field} of -1`,
  ])
  return [...nanoseconds, ...seconds]
}

function withField(field: keyof typeof offsets, value: bigint): Memory {
  const spec = itimerspec(1e9, 1e9)
  spec.view.setBigInt64(offsets[field], value, true)
  return spec
}

/** Sets a timer with arguments that must be refused. */
function expectRefused(machine: Machine, fd: Name, flags: number, spec: Memory, what: string): void {
  machine.begin(`timerfd_settime with ${what}`)
  const result = resultOf(machine.libc, 'timerfd_settime', machine.fd(fd), flags, spec.address, NULL)
  machine.expect(result, 'EINVAL', `timerfd_settime with ${what}`)
}
