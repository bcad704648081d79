import type { SystemError } from '../../errors.ts'

/** What a ring that cannot be had for want of memory is likely to be about: `RLIMIT_MEMLOCK` of setrlimit(2). */
export const LOCKED_MEMORY_HINT = 'RLIMIT_MEMLOCK may be too small'

/** Whether there is not enough memory that may be locked for another ring. Those that were closed count for a while. */
export function isShortOfLockedMemory({ syscall, code }: SystemError): boolean {
  return syscall === 'io_uring_setup' && code === 'ENOMEM'
}
