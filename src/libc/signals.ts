/** Signals: what the process does on one, which of them a thread takes, and sending them to one thread alone. */
import { orUnsupported, UnsupportedError } from '../errors.ts'
import { SA, SIG_DFL, SIG_IGN } from './constants/linux.ts'
import { layouts } from './layouts.ts'
import { symbolAddress, sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'
import { NULL } from './signatures.ts'
import { rawSyscall } from './syscall.ts'

const { size, offsets } = layouts.sigaction

/**
 * What happens to a process on a signal. Of a handler that runs once, it can be told afterwards whether it has
 * run: the kernel then makes the disposition the default one (SA_RESETHAND).
 */
export interface Disposition {
  readonly action: 'default' | 'ignore' | 'handler' | 'handler once'
  /** SA_RESTART: the kernel makes calls again that the handler interrupted, if they are of that kind. */
  readonly restart?: boolean
}

/**
 * No function of JavaScript may run as a handler, in a thread that is in a native call. This one of libc takes
 * an int, as handlers do, and touches nothing.
 */
const HANDLER = 'abs'

/** Sets what the process does on a signal, and returns what it did before, for `restoreDisposition`. */
export function setDisposition(libc: Libc, signal: number, disposition: Disposition): Memory {
  const [act, before] = [new Memory(size), new Memory(size)]
  const { action, restart = false } = disposition
  act.view.setBigUint64(offsets.handler, BigInt(handlerOf(libc, action)), true)
  const flags = (action === 'handler once' ? SA.RESETHAND : 0) | (restart ? SA.RESTART : 0)
  act.view.setInt32(offsets.flags, flags, true)
  sys(libc, 'sigaction', signal, act.address, before.address)
  return before
}

export function restoreDisposition(libc: Libc, signal: number, before: Memory): void {
  sys(libc, 'sigaction', signal, before.address, NULL)
}

/** Whether the process has a handler for a signal: not the default, and not ignoring it. */
export function hasHandler(libc: Libc, signal: number): boolean {
  const now = new Memory(size)
  sys(libc, 'sigaction', signal, NULL, now.address)
  const handler = now.view.getBigUint64(offsets.handler, true)
  return handler !== BigInt(SIG_DFL) && handler !== BigInt(SIG_IGN)
}

function handlerOf(libc: Libc, action: Disposition['action']): number {
  switch (action) {
    case 'default':
      return SIG_DFL
    case 'ignore':
      return SIG_IGN
    case 'handler':
    case 'handler once': {
      const address = symbolAddress(libc, '', HANDLER)
      if (address === NULL) throw new UnsupportedError('signal handlers', `no library has ${HANDLER}`)
      return address
    }
  }
}

/** A sigset_t that holds these signals, for any thread. */
export function signalSet(...signals: readonly number[]): Memory {
  const set = new Memory(layouts.sigset.size, { shared: true })
  const bits = signals.reduce((sum, signal) => sum | (1n << BigInt(signal - 1)), 0n)
  set.view.setBigUint64(0, bits, true)
  return set
}

/** The signals that a sigset_t holds, in order. Linux has 64. */
export function signalsIn(set: Memory): number[] {
  const bits = set.view.getBigUint64(0, true)
  return Array.from({ length: 64 }, (_, i) => i + 1).filter((i) => (bits & (1n << BigInt(i - 1))) !== 0n)
}

/** Sends a signal to one thread of this process. No other thread can get it. */
export function sendToThread(libc: Libc, tid: number, signal: number): void {
  orUnsupported('sending signals to a thread', () => rawSyscall(libc, 'tgkill', process.pid, tid, signal))
}
