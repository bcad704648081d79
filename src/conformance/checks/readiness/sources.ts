/** timerfd, signalfd, inotify and pidfd: what happened is there to be read, and nothing is ever written. */
import { IN_OPEN } from '../../../libc/constants/linux.ts'
import { call, drain } from '../../build.ts'
import { requireKernel } from '../../steps/environment.ts'
import { directory, open } from '../../steps/files.ts'
import { endProcess, fork, pidfd, reap } from '../../steps/processes.ts'
import {
  blockSignals,
  inotify,
  raise,
  settime,
  settleReady,
  signalfd,
  timerfd,
  watchPath,
} from '../../steps/sources.ts'
import type { ReadinessRow } from './matrix.ts'
import { nothing, readable } from './states.ts'

/** The size of what a signalfd tells of each signal. */
const SIGINFO = 128

export const sourceRows: readonly ReadinessRow[] = [
  {
    id: 'ready.timerfd',
    statement: 'A timerfd is readable from its expiry until it is read, and never writable.',
    source: 'timerfd_create(2); epoll-shim; managarm/managarm#1527',
    create: [timerfd('t')],
    before: nothing,
    transition: [settime('t', 0.001), settleReady('t', 'IN')],
    fd: 't',
    ...readable,
    also: [
      { steps: [drain('t')], fd: 't', ...nothing },
      // Armed, and far from its expiry.
      { steps: [settime('t', 3_600_000)], fd: 't', ...nothing },
    ],
  },
  {
    id: 'ready.signalfd',
    statement: 'A signalfd is readable while one of its signals is pending for the thread that asks.',
    source: 'signalfd(2); epoll-shim',
    arrives: 'for this thread',
    create: [blockSignals('URG'), signalfd('s', ['URG'])],
    before: nothing,
    transition: [raise('URG')],
    fd: 's',
    ...readable,
    also: [{ steps: [call('read', ['$s', { bytes: SIGINFO }, SIGINFO], SIGINFO)], fd: 's', ...nothing }],
  },
  {
    id: 'ready.inotify',
    statement: 'An inotify descriptor is readable while events wait in it, and never writable.',
    source: 'inotify(7); gVisor',
    create: [directory('d'), inotify('i'), watchPath('i', '@d', IN_OPEN)],
    before: nothing,
    transition: [open('opened', '@d')],
    fd: 'i',
    ...readable,
    also: [{ steps: [drain('i')], fd: 'i', ...nothing }],
  },
  {
    id: 'ready.pidfd',
    statement: 'A pidfd is not ready while its process lives, and readable once it has ended.',
    source: 'pidfd_open(2); gVisor; StarryOS',
    create: [fork('child'), pidfd('p', 'child')],
    before: nothing,
    transition: [endProcess('child')],
    fd: 'p',
    ...readable,
  },
  {
    id: 'ready.pidfd.reaped',
    statement: 'Once its process was waited for, a pidfd reports HUP besides IN.',
    level: 'quirk',
    source: 'Linux 6.10; gVisor; measured',
    create: [
      requireKernel('6.10', 'HUP of a process that was waited for'),
      fork('child'),
      pidfd('p', 'child'),
      endProcess('child'),
    ],
    before: readable,
    transition: [reap('child')],
    fd: 'p',
    revents: 'IN|HUP',
    withoutEvents: 'HUP',
    select: 'r',
  },
]
