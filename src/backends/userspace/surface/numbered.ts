/** syscall(2): the calls that programs make by their numbers, past the wrappers of the C library. */
import { UnsupportedError } from '../../../errors.ts'
import { syscallNumbers } from '../../../libc/constants/syscalls.ts'
import type { SyscallNumbers } from '../../../libc/constants/syscalls.ts'
import { layouts } from '../../../libc/layouts.ts'
import { NULL } from '../../../libc/signatures.ts'
import type { Functions, Pointer } from '../../../libc/signatures.ts'
import type { Kernel } from '../kernel.ts'
import { writeTimeTo } from '../user-memory.ts'
import { AsynchronousCalls } from './asynchronous.ts'
import type { Returner } from './waiting.ts'

type Call = (a: number, b: number, c: number, d: number, e: number) => number

/** `known`: the functions that a world has, which the calls of the same name are. */
export function numberedCalls(
  kernel: Kernel,
  known: Partial<Functions>,
  returned: Returner,
): Partial<Functions> {
  const aio = new AsynchronousCalls(kernel)
  const names = new Map(Object.entries(syscallNumbers() ?? {}).map(([name, number]) => [number, name]))
  const calls: Partial<Record<keyof SyscallNumbers, Call>> = {
    epoll_create: (size) => known.epoll_create?.(size) ?? -1,
    epoll_wait: (ep, events, max, timeoutMs) =>
      known.epoll_wait?.(ep, events as Pointer, max, timeoutMs) ?? -1,
    epoll_pwait: (ep, events, max, timeoutMs, mask) =>
      known.epoll_pwait?.(ep, events as Pointer, max, timeoutMs, mask as Pointer) ?? -1,
    epoll_pwait2: (ep, events, max, time, mask) =>
      known.epoll_pwait2?.(ep, events as Pointer, max, time as Pointer, mask as Pointer) ?? -1,
    ppoll(fds, count, time, mask) {
      const start = kernel.clock.nowNs
      const result = known.ppoll?.(fds as Pointer, count, time as Pointer, mask as Pointer) ?? -1
      writeLeft(kernel, time as Pointer, start)
      return result
    },
    io_setup: (most, context) => returned(aio.setup(most, context as Pointer)),
    io_submit: (context, count, requests) => returned(aio.submit(context, count, requests as Pointer)),
    io_getevents: (context, _, most, events) => returned(aio.events(context, most, events as Pointer)),
    io_destroy: (context) => returned(aio.destroy(context)),
  }
  return {
    syscall(number, a, b, c, d, e) {
      const name = names.get(number)
      const call = name === undefined ? undefined : calls[name as keyof SyscallNumbers]
      if (call !== undefined) return call(a, b, c, d, e)
      throw new UnsupportedError(
        name ?? `system call ${number}`,
        'the userspace backend does not have this call',
      )
    },
  }
}

/** The system call says how much of the time is left; the wrapper keeps that to itself. */
function writeLeft({ clock, memory }: Kernel, time: Pointer, startNs: number): void {
  const view = time === NULL ? undefined : memory.view(time, layouts.timespec.size, 'writes')
  if (view === undefined) return
  const { tv_sec: seconds, tv_nsec: nanoseconds } = layouts.timespec.offsets
  const set = Number(view.getBigInt64(seconds, true)) * 1e9 + Number(view.getBigInt64(nanoseconds, true))
  if (set > 0) writeTimeTo(view, 0, Math.max(0, set - (clock.nowNs - startNs)))
}
