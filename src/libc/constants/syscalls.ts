/**
 * Numbers of the system calls that have no libc wrapper, or that are called raw on purpose. They differ by
 * architecture: x86-64 has its own table, arm64 the generic one.
 */
export interface SyscallNumbers {
  /** The calls before epoll_create1 and epoll_pwait. Newer architectures never had them. */
  readonly epoll_create?: number
  readonly epoll_wait?: number
  readonly epoll_pwait: number
  readonly epoll_pwait2: number
  readonly gettid: number
  readonly io_destroy: number
  readonly io_getevents: number
  readonly io_setup: number
  readonly io_submit: number
  readonly io_uring_setup: number
  readonly pidfd_open: number
}

const x64: SyscallNumbers = {
  epoll_create: 213,
  epoll_wait: 232,
  epoll_pwait: 281,
  epoll_pwait2: 441,
  gettid: 186,
  io_destroy: 207,
  io_getevents: 208,
  io_setup: 206,
  io_submit: 209,
  io_uring_setup: 425,
  pidfd_open: 434,
}

const arm64: SyscallNumbers = {
  epoll_pwait: 22,
  epoll_pwait2: 441,
  gettid: 178,
  io_destroy: 1,
  io_getevents: 4,
  io_setup: 0,
  io_submit: 2,
  io_uring_setup: 425,
  pidfd_open: 434,
}

const tables: Readonly<Record<string, SyscallNumbers>> = { x64, arm64 }

/** The table of an architecture as Node names it, or undefined where evloop has none. */
export function syscallNumbers(arch: string = process.arch): SyscallNumbers | undefined {
  return tables[arch]
}
