import type { Family } from '../../check.ts'
import { inotifyChecks } from './inotify.ts'
import { pidfdChecks } from './pidfd.ts'
import { signalfdRaces } from './signalfd-races.ts'
import { signalfdChecks } from './signalfd.ts'
import { timerfdLeft } from './timerfd-left.ts'
import { timerfdRaces } from './timerfd-races.ts'
import { timerfdSharing } from './timerfd-sharing.ts'
import { timerfdStates } from './timerfd-states.ts'
import { timerfdTimes } from './timerfd-times.ts'
import { wakerChecks } from './wakers.ts'

/** Descriptors that tell of time, signals, processes and files, and what loops wake themselves with. */
export const sources: readonly Family[] = [
  {
    name: 'timerfd',
    title: 'timerfd',
    why:
      'A loop that trusts a timer does its work early where the timer is, and spins where an expiry that was taken ' +
      'back stays readable.',
    checks: [...timerfdTimes, ...timerfdLeft, ...timerfdStates, ...timerfdSharing, ...timerfdRaces],
  },
  {
    name: 'signalfd',
    title: 'signalfd',
    why:
      'A signal is pending for a thread or a process, and a signalfd shows whatever is pending for who asks: where a ' +
      'system binds it to somebody else, signals are missed in programs with threads or children.',
    checks: [...signalfdChecks, ...signalfdRaces],
  },
  {
    name: 'pidfd',
    title: 'pidfd',
    why: 'A supervisor that is not told of the end of a child waits for it for ever.',
    checks: pidfdChecks,
  },
  {
    name: 'inotify',
    title: 'inotify',
    why: 'A file watcher that misses an edge shows a stale file until the next change.',
    checks: inotifyChecks,
  },
  {
    name: 'waker',
    title: 'what loops wake themselves with',
    why: 'Work that another thread hands over waits until the loop wakes up for something else, if its own wake is lost.',
    checks: wakerChecks,
  },
]
