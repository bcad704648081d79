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
import type { Readiness } from './inquiry.ts'
import type { ReadinessRow } from './matrix.ts'

/** The size of what a signalfd tells of each signal. */
const SIGINFO = 128

const silentOf = (fd: string): Readiness => ({ fd, revents: '0', withoutEvents: '0', select: '' })
const readableOf = (fd: string): Readiness => ({ fd, revents: 'IN', withoutEvents: '0', select: 'r' })

export const sourceRows: readonly ReadinessRow[] = [
  {
    id: 'ready.timerfd',
    statement: 'A timerfd is readable from its expiry until it is read, and never writable.',
    source: 'timerfd_create(2); epoll-shim; managarm/managarm#1527',
    create: [timerfd('t')],
    transition: [settime('t', 0.001), settleReady('t', 'IN')],
    ...readableOf('t'),
    also: [
      { steps: [drain('t')], ...silentOf('t') },
      // Armed, and far from its expiry.
      { steps: [settime('t', 3_600_000)], ...silentOf('t') },
    ],
  },
  {
    id: 'ready.signalfd',
    statement: 'A signalfd is readable while one of its signals is pending for the thread that asks.',
    source: 'signalfd(2); epoll-shim',
    create: [blockSignals('URG'), signalfd('s', ['URG'])],
    transition: [raise('URG')],
    ...readableOf('s'),
    also: [{ steps: [call('read', ['$s', { bytes: SIGINFO }, SIGINFO], SIGINFO)], ...silentOf('s') }],
  },
  {
    id: 'ready.inotify',
    statement: 'An inotify descriptor is readable while events wait in it, and never writable.',
    source: 'inotify(7); gVisor',
    create: [directory('d'), inotify('i'), watchPath('i', '@d', IN_OPEN)],
    transition: [open('opened', '@d')],
    ...readableOf('i'),
    also: [{ steps: [drain('i')], ...silentOf('i') }],
  },
  {
    id: 'ready.pidfd',
    statement: 'A pidfd is not ready while its process lives, and readable once it has ended.',
    source: 'pidfd_open(2); gVisor; StarryOS',
    create: [fork('child'), pidfd('p', 'child')],
    transition: [endProcess('child')],
    ...readableOf('p'),
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
    ],
    transition: [endProcess('child'), reap('child')],
    fd: 'p',
    revents: 'IN|HUP',
    withoutEvents: 'HUP',
    select: 'r',
  },
]
