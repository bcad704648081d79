/** The features of the other descriptors that event loops wait for. */
import {
  CLOCK,
  EFD,
  IN_FLAGS,
  IN_OPEN,
  O,
  POLL,
  SFD,
  SIG,
  SIG_BLOCK,
  SIG_SETMASK,
  TFD,
} from '../../libc/constants/linux.ts'
import { OwnedFd } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import { sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { rawSyscall } from '../../libc/syscall.ts'
import { expectEqual, Misbehaviour } from './feature.ts'
import type { Feature } from './feature.ts'
import { Entry } from './poll-entry.ts'

export const eventfdFeatures = {
  eventfd: { since: '2.6.22', option: 'CONFIG_EVENTFD', attempt: (libc) => tryEventfd(libc, 0, 3n) },
  EFD_SEMAPHORE: { since: '2.6.30', attempt: (libc) => tryEventfd(libc, EFD.SEMAPHORE, 1n) },
} as const satisfies Record<string, Feature>

export const timerfdFeatures = {
  timerfd: { since: '2.6.25', option: 'CONFIG_TIMERFD', attempt: timerfd },
} as const satisfies Record<string, Feature>

export const signalfdFeatures = {
  signalfd: { since: '2.6.22', option: 'CONFIG_SIGNALFD', attempt: signalfd },
} as const satisfies Record<string, Feature>

export const pidfdFeatures = {
  pidfd_open: { since: '5.3', attempt: pidfdOpen },
} as const satisfies Record<string, Feature>

export const inotifyFeatures = {
  inotify: { since: '2.6.13', option: 'CONFIG_INOTIFY_USER', attempt: inotify },
} as const satisfies Record<string, Feature>

/** How long something that must come at once may take on a busy machine. */
const ARRIVAL_MS = 1000

function expectReadable(libc: Libc, fd: number, timeoutMs: number): void {
  const entry = new Entry(fd, POLL.IN)
  sys(libc, 'poll', entry.address, 1, timeoutMs)
  expectEqual('poll mask of the descriptor', entry.revents, POLL.IN)
}

function expectSilent(libc: Libc, fd: number): void {
  const entry = new Entry(fd, POLL.IN)
  expectEqual(
    'poll of the descriptor before anything has happened',
    sys(libc, 'poll', entry.address, 1, 0),
    0,
  )
}

/** Writes 3 to a counter, and expects what one read takes of it. */
function tryEventfd(libc: Libc, flags: number, expected: bigint): undefined {
  using counter = new OwnedFd(libc, sys(libc, 'eventfd', 0, EFD.NONBLOCK | EFD.CLOEXEC | flags))
  const word = new Memory(8)
  expectSilent(libc, counter.fd)
  word.view.setBigUint64(0, 3n, true)
  sys(libc, 'write', counter.fd, word.address, 8)
  expectReadable(libc, counter.fd, 0)
  sys(libc, 'read', counter.fd, word.address, 8)
  const taken = word.view.getBigUint64(0, true)
  if (taken !== expected) throw new Misbehaviour(`a read takes ${taken} of 3 instead of ${expected}`)
}

function timerfd(libc: Libc): undefined {
  const flags = TFD.NONBLOCK | TFD.CLOEXEC
  using timer = new OwnedFd(libc, sys(libc, 'timerfd_create', CLOCK.MONOTONIC, flags))
  const { size, offsets } = layouts.itimerspec
  const setting = new Memory(size)
  expectSilent(libc, timer.fd)
  setting.view.setBigInt64(offsets.value_nsec, 1n, true)
  sys(libc, 'timerfd_settime', timer.fd, 0, setting.address, NULL)
  expectReadable(libc, timer.fd, ARRIVAL_MS)
}

/** Blocks SIGURG, which is ignored by default, sends it to this thread, and reads it. */
function signalfd(libc: Libc): undefined {
  const [mask, before] = [new Memory(layouts.sigset.size), new Memory(layouts.sigset.size)]
  const info = new Memory(layouts.signalfd_siginfo.size)
  mask.view.setBigUint64(0, 1n << BigInt(SIG.URG - 1), true)
  using signals = new OwnedFd(libc, sys(libc, 'signalfd', -1, mask.address, SFD.NONBLOCK | SFD.CLOEXEC))
  libc.fn.pthread_sigmask(SIG_BLOCK, mask.address, before.address)
  try {
    expectSilent(libc, signals.fd)
    sys(libc, 'raise', SIG.URG)
    expectReadable(libc, signals.fd, ARRIVAL_MS)
    sys(libc, 'read', signals.fd, info.address, layouts.signalfd_siginfo.size)
    expectEqual('signal that was read', info.view.getUint32(0, true), SIG.URG)
  } finally {
    libc.fn.pthread_sigmask(SIG_SETMASK, before.address, NULL)
  }
}

/** A descriptor of this process itself, which is alive and so is not readable. */
function pidfdOpen(libc: Libc): undefined {
  using self = new OwnedFd(libc, rawSyscall(libc, 'pidfd_open', process.pid, 0))
  expectSilent(libc, self.fd)
}

/** An event with the longest name that a file can have. Others open things in the root directory too. */
const LONGEST_EVENT = layouts.inotify_event.size + 256

/** Watches the root directory being opened: this needs no file that could be written. */
function inotify(libc: Libc): undefined {
  const { offsets } = layouts.inotify_event
  const event = new Memory(LONGEST_EVENT)
  using watcher = new OwnedFd(libc, sys(libc, 'inotify_init1', IN_FLAGS.NONBLOCK | IN_FLAGS.CLOEXEC))
  sys(libc, 'inotify_add_watch', watcher.fd, '/', IN_OPEN)
  using _root = new OwnedFd(libc, sys(libc, 'open', '/', O.RDONLY | O.CLOEXEC, 0))
  expectReadable(libc, watcher.fd, ARRIVAL_MS)
  sys(libc, 'read', watcher.fd, event.address, LONGEST_EVENT)
  if ((event.view.getUint32(offsets.mask, true) & IN_OPEN) === 0) {
    throw new Misbehaviour('the event does not say that the directory was opened')
  }
}
