import { SIG } from '../../libc/constants/linux.ts'
import { syscallNumbers } from '../../libc/constants/syscalls.ts'
import { UnsupportedError } from '../../errors.ts'
import { layouts } from '../../libc/layouts.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { rawSyscall } from '../../libc/syscall.ts'
import type { Machine } from '../machine.ts'
import { LONGEST_WAIT_MS } from '../patience.ts'
import { dispose } from './handler.ts'

/** Signals go on for longer than any check: whoever waits anew for the whole time after each never comes to an end. */
const SIGNALS = 3000
/** How long it is from one signal to the next. */
export const SIGNAL_PERIOD_MS = 1

/**
 * Does something while another thread sends signals to this one, by no function that is under test. They have a handler
 * that restarts calls, which waits are none the wiser for.
 */
export function underSignals<T>(machine: Machine, action: () => T): T {
  const { libc } = machine
  const tgkill = syscallNumbers()?.tgkill
  if (tgkill === undefined) throw new UnsupportedError('signals', `${process.arch} has no number for tgkill`)
  const period = new Memory(layouts.timespec.size, { shared: true })
  period.view.setBigInt64(layouts.timespec.offsets.tv_nsec, BigInt(SIGNAL_PERIOD_MS * 1e6), true)
  machine.keep(period)
  dispose(machine, SIG.URG, { action: 'handler', restart: true })
  const tid = rawSyscall(libc, 'gettid')
  const thread = machine.acquireThread()
  thread.post({
    calls: [
      { fn: 'nanosleep', args: [period.address, NULL] },
      { fn: 'syscall', args: [tgkill, process.pid, tid, SIG.URG, 0, 0, 0] },
    ],
    rounds: SIGNALS,
  })
  const stop = (): void => {
    thread.stop()
    if (thread.join(LONGEST_WAIT_MS) === undefined)
      throw new Error('the thread that sends signals does not end')
  }
  try {
    return action()
  } finally {
    stop()
  }
}
