/** The descriptor of a timer: its flags, and who shares it. */
import { CLOCK, TFD } from '../../../libc/constants/linux.ts'
import { add, blocked, counter, dup, epoll, exitPeer, inPeer, join, peer, thread, wait } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { settime, timerfd } from '../../steps/sources.ts'
import { expectFlags } from './flags.ts'
import { goOff, SOON_MS } from './timerfd-calls.ts'

export const timerfdSharing: readonly Check[] = [
  epollCheck({
    id: 'timerfd.flags',
    statement:
      'TFD_NONBLOCK and TFD_CLOEXEC take effect together and apart; without the first a read blocks until the timer goes off.',
    kind: 'thread',
    threads: 1,
    source: 'timerfd_create(2)',
    run(machine) {
      expectFlags(machine, 'timerfd_create', [CLOCK.MONOTONIC], TFD)
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
      ...goOff('d'),
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
      ...goOff('t'),
      wait('ep', { t: 'IN' }),
      ...inPeer('child', counter('t', '1'), counter('t', 'EAGAIN')),
      wait('ep', {}),
      counter('t', 'EAGAIN'),
      ...goOff('t'),
      counter('t', '1'),
      ...inPeer('child', counter('t', 'EAGAIN')),
      exitPeer('child'),
    ],
  }),
]
