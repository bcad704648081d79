import { CLOCK, IN_FLAGS, SFD, SIG, SIG_BLOCK, SIG_SETMASK, TFD } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { sys } from '../../libc/libc.ts'
import { scratch } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { rawSyscall } from '../../libc/syscall.ts'
import { parseMask } from '../masks.ts'
import type { SignalName, SourceStep } from '../steps/sources.ts'
import { unlessAbsent } from './available.ts'
import { pathOf } from './files.ts'
import type { Operations } from './index.ts'
import { expectResult } from './native.ts'

/** How long what the kernel does by itself may take on a loaded machine. */
const SETTLE_LIMIT_SECONDS = 2n

/** The kernel's own set of signals is smaller than that of C. */
const KERNEL_SIGSET_SIZE = 8

const NS_PER_MS = 1e6
const NS_PER_SECOND = 1e9

export const sourceOperations: Operations<SourceStep['op']> = {
  timerfd(machine, { as, clock, flags }) {
    const make = (): number => sys(machine.libc, 'timerfd_create', CLOCK[clock], flags | TFD.CLOEXEC)
    machine.bind(as, unlessAbsent('timerfd', make))
  },
  'timerfd.settime'(machine, { fd, valueMs, intervalMs, flags, expect }) {
    const { size, offsets } = layouts.itimerspec
    const times = scratch(size)
    writeTime(times, offsets.value_sec, offsets.value_nsec, valueMs)
    writeTime(times, offsets.interval_sec, offsets.interval_nsec, intervalMs)
    const result = machine.libc.fn.timerfd_settime(machine.fd(fd), flags, times.address, NULL)
    expectResult('timerfd_settime', { result, errno: machine.libc.errno(), elapsedNs: 0 }, expect)
  },
  signalfd(machine, { as, signals, flags }) {
    const set = sigsetOf(signals)
    const make = (): number => sys(machine.libc, 'signalfd', -1, set.address, flags | SFD.CLOEXEC)
    machine.bind(as, unlessAbsent('signalfd', make))
  },
  'block-signals'(machine, { signals }) {
    const before = scratch(layouts.sigset.size)
    machine.libc.fn.pthread_sigmask(SIG_BLOCK, sigsetOf(signals).address, before.address)
    machine.cleanups.push(() => machine.libc.fn.pthread_sigmask(SIG_SETMASK, before.address, NULL))
  },
  raise(machine, { signal }) {
    sys(machine.libc, 'raise', SIG[signal])
  },
  'settle-ready'(machine, { fd, events }) {
    const pollfd = scratch(layouts.pollfd.size)
    pollfd.view.setInt32(layouts.pollfd.offsets.fd, machine.fd(fd), true)
    pollfd.view.setInt16(layouts.pollfd.offsets.events, parseMask(events), true)
    const timeout = scratch(layouts.timespec.size)
    timeout.view.setBigInt64(layouts.timespec.offsets.tv_sec, SETTLE_LIMIT_SECONDS, true)
    rawSyscall(machine.libc, 'ppoll', pollfd.address, 1, timeout.address, NULL, KERNEL_SIGSET_SIZE)
  },
  inotify(machine, { as, flags }) {
    const make = (): number => sys(machine.libc, 'inotify_init1', flags | IN_FLAGS.CLOEXEC)
    // EMFILE: the user has as many of them as the limit allows.
    machine.bind(as, unlessAbsent('inotify', make, 'EMFILE'))
  },
  'inotify.watch'(machine, { fd, path, events, expect }) {
    const result = machine.libc.fn.inotify_add_watch(machine.fd(fd), pathOf(machine, path), events)
    expectResult('inotify_add_watch', { result, errno: machine.libc.errno(), elapsedNs: 0 }, expect)
  },
}

function writeTime(times: Memory, secondsAt: number, nanosecondsAt: number, ms: number): void {
  const ns = Math.round(ms * NS_PER_MS)
  times.view.setBigInt64(secondsAt, BigInt(Math.floor(ns / NS_PER_SECOND)), true)
  times.view.setBigInt64(nanosecondsAt, BigInt(ns % NS_PER_SECOND), true)
}

/** A set of signals, as C has it. */
function sigsetOf(signals: readonly SignalName[]): Memory {
  const set = scratch(layouts.sigset.size)
  const bits = signals.reduce((sum, signal) => sum | (1n << BigInt(SIG[signal] - 1)), 0n)
  set.view.setBigUint64(0, bits, true)
  return set
}
