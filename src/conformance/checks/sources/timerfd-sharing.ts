/** The descriptor of a timer: its flags, and who shares it. */
import { F, FD_CLOEXEC, O, TFD } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import {
  add,
  blocked,
  call,
  closeAll,
  counter,
  dup,
  epoll,
  exitPeer,
  inPeer,
  join,
  peer,
  thread,
  wait,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { settime, settleReady, timerfd } from '../../steps/sources.ts'

const SOON_MS = 0.001

export const timerfdSharing: readonly Check[] = [
  epollCheck({
    id: 'timerfd.flags',
    statement:
      'TFD_NONBLOCK and TFD_CLOEXEC take effect together and apart; without the first a read blocks until the timer goes off.',
    kind: 'thread',
    threads: 1,
    source: 'timerfd_create(2)',
    run(machine) {
      for (const flags of [0, TFD.NONBLOCK, TFD.CLOEXEC, TFD.NONBLOCK | TFD.CLOEXEC]) {
        machine.run(call('timerfd_create', [1, flags], 'ok', 't'))
        machine.begin(`timerfd_create(MONOTONIC, ${flags}): its flags`)
        const fd = machine.fd('t')
        const cloexec = sys(machine.libc, 'fcntl', fd, F.GETFD, 0) & FD_CLOEXEC
        machine.expect(cloexec, (flags & TFD.CLOEXEC) === 0 ? 0 : FD_CLOEXEC, 'FD_CLOEXEC')
        const nonblock = sys(machine.libc, 'fcntl', fd, F.GETFL, 0) & O.NONBLOCK
        machine.expect(nonblock, (flags & TFD.NONBLOCK) === 0 ? 0 : O.NONBLOCK, 'O_NONBLOCK')
        machine.run(closeAll())
      }
      machine.run(timerfd('blocking', 'MONOTONIC', 0), thread('reader', counter('blocking', '1')))
      machine.run(blocked('reader'), settime('blocking', SOON_MS), join('reader'))
    },
  }),
  epollCheck({
    id: 'timerfd.dup-shared',
    statement: 'Duplicates are one timer: what one sets, the other waits for, and what one reads is gone.',
    source: 'dup(2); timerfd_create(2)',
    differs: 'Shims that find a timer by its number do not know its duplicates.',
    steps: [
      timerfd('t'),
      dup('t', 'd'),
      epoll('ep'),
      add('ep', 't', 'IN'),
      add('ep', 'd', 'IN'),
      settime('d', SOON_MS),
      settleReady('t', 'IN'),
      wait('ep', { t: 'IN', d: 'IN' }),
      counter('t', '1'),
      wait('ep', {}),
      counter('d', 'EAGAIN'),
    ],
  }),
  epollCheck({
    id: 'timerfd.fork-shared',
    statement: 'A process that inherits a timer reads its expirations, and they are gone for both.',
    kind: 'thread',
    source: 'timerfd_create(2): fork(2) semantics',
    differs: 'Shims over threads or signals have timers that only one process sees.',
    steps: [
      timerfd('t'),
      epoll('ep'),
      add('ep', 't', 'IN'),
      peer('child', ['t']),
      settime('t', SOON_MS),
      settleReady('t', 'IN'),
      wait('ep', { t: 'IN' }),
      ...inPeer('child', counter('t', '1'), counter('t', 'EAGAIN')),
      wait('ep', {}),
      counter('t', 'EAGAIN'),
      settime('t', SOON_MS),
      settleReady('t', 'IN'),
      counter('t', '1'),
      ...inPeer('child', counter('t', 'EAGAIN')),
      exitPeer('child'),
    ],
  }),
]
