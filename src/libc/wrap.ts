/** Libcs whose calls pass through a function of ours: to count them, to bound them, to record them. */
import { waitLimits } from './buffers.ts'
import { IORING_ENTER } from './constants/io-uring.ts'
import { syscallNumbers } from './constants/syscalls.ts'
import type { Libc } from './libc.ts'
import { layouts } from './layouts.ts'
import { Memory } from './memory.ts'
import { NULL } from './signatures.ts'
import type { FunctionName } from './signatures.ts'
import { writeTimespec } from './timespec.ts'

/** The same of `syscall`, where it makes an io_uring_enter that waits: it then fails with ETIME. */
function boundRing(native: NativeCall, limitMs: number): NativeCall {
  const { size, offsets } = layouts.io_uring_getevents_arg
  const limit = new Memory(size + layouts.timespec.size)
  limit.view.setBigUint64(offsets.ts, BigInt(limit.at(size)), true)
  writeTimespec(limit.view, size, limitMs * 1e6)
  const number = syscallNumbers()?.io_uring_enter
  return (...args) => {
    const [called = 0, fd = -1, submitted = 0, completions = 0, flags = 0, argument] = args
    if (called !== number || completions === 0 || argument !== NULL) return native(...args)
    const extended = Number(flags) | IORING_ENTER.EXT_ARG
    return native(called, fd, submitted, completions, extended, limit.address, size)
  }
}

/** A native function without its types: what a wrapper passes on. */
export type NativeCall = (...args: readonly (number | string)[]) => number

/** The same Libc, but every call of `fn` goes through `around`, which gets the function that it would have been. */
export function wrapLibc(libc: Libc, around: (name: FunctionName, native: NativeCall) => NativeCall): Libc {
  const entries = Object.entries(libc.fn).map(
    ([name, native]) => [name, around(name as FunctionName, native as NativeCall)] as const,
  )
  return { ...libc, fn: Object.fromEntries(entries) as unknown as Libc['fn'] }
}

/**
 * The same Libc, but a wait without end gives up after `limitMs` and returns 0: a backend that loses an event
 * must not take the thread with it, since a native call cannot be broken off.
 */
export function boundWaits(libc: Libc, limitMs: number): Libc {
  // timeval has the same shape, with microseconds; select writes to it, so it is filled before every call.
  const limit = new Memory(layouts.timespec.size)
  const seconds = Math.floor(limitMs / 1000)
  const restMs = limitMs % 1000
  return wrapLibc(libc, (name, native) => {
    if (name === 'syscall') return boundRing(native, limitMs)
    const wait = waitLimits[name]
    if (wait === undefined) return native
    const { index, unit } = wait
    if (unit === 'ms') {
      // Every negative number is one that never comes (epoll_wait(2), poll(2)).
      return (...args) => native(...(Number(args[index]) < 0 ? args.with(index, limitMs) : args))
    }
    const rest = BigInt(Math.round(restMs * (unit === 'timeval' ? 1e3 : 1e6)))
    return (...args) => {
      if (args[index] !== NULL) return native(...args)
      limit.view.setBigInt64(layouts.timespec.offsets.tv_sec, BigInt(seconds), true)
      limit.view.setBigInt64(layouts.timespec.offsets.tv_nsec, rest, true)
      return native(...args.with(index, limit.address))
    }
  })
}
