import type { SystemError } from '../errors.ts'

/** Whether there is not enough memory that may be locked for another ring. Those that were closed count for a while. */
export function isLimited({ syscall, code }: SystemError): boolean {
  return syscall === 'io_uring_setup' && code === 'ENOMEM'
}

/** What to say of it. */
export function limitText(error: SystemError): string {
  return `${error.message}: RLIMIT_MEMLOCK may be too small`
}
