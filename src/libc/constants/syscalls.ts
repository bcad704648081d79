/**
 * Numbers of the system calls that have no libc wrapper, or that are called raw on purpose. They differ by
 * architecture: x86-64 has its own table, arm64 the generic one.
 */
export interface SyscallNumbers {
  /** The calls before epoll_create1 and epoll_pwait. Newer architectures never had them. */
  readonly epoll_create?: number
  readonly epoll_wait?: number
  readonly bpf: number
  readonly epoll_pwait: number
  readonly epoll_pwait2: number
  readonly fsopen: number
  readonly fspick: number
  readonly futex: number
  readonly getdents64: number
  readonly gettid: number
  readonly io_destroy: number
  readonly io_getevents: number
  readonly io_setup: number
  readonly io_submit: number
  readonly io_uring_setup: number
  readonly io_uring_enter: number
  readonly io_uring_register: number
  readonly memfd_secret: number
  readonly open_tree: number
  readonly perf_event_open: number
  readonly pidfd_open: number
  readonly ppoll: number
  readonly pselect6: number
  readonly rt_sigtimedwait: number
  readonly tgkill: number
  readonly userfaultfd: number
}

/** Calls since Linux 5.1 have the same number on every architecture. */
const common = {
  epoll_pwait2: 441,
  fsopen: 430,
  fspick: 433,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  memfd_secret: 447,
  open_tree: 428,
  pidfd_open: 434,
} as const

const x64: SyscallNumbers = {
  ...common,
  bpf: 321,
  epoll_create: 213,
  epoll_pwait: 281,
  epoll_wait: 232,
  futex: 202,
  getdents64: 217,
  gettid: 186,
  io_destroy: 207,
  io_getevents: 208,
  io_setup: 206,
  io_submit: 209,
  perf_event_open: 298,
  ppoll: 271,
  pselect6: 270,
  rt_sigtimedwait: 128,
  tgkill: 234,
  userfaultfd: 323,
}

const arm64: SyscallNumbers = {
  ...common,
  bpf: 280,
  epoll_pwait: 22,
  futex: 98,
  getdents64: 61,
  gettid: 178,
  perf_event_open: 241,
  ppoll: 73,
  pselect6: 72,
  rt_sigtimedwait: 137,
  tgkill: 131,
  userfaultfd: 282,
  io_destroy: 1,
  io_getevents: 4,
  io_setup: 0,
  io_submit: 2,
}

const tables: Readonly<Record<string, SyscallNumbers>> = { x64, arm64 }

/** The table of an architecture as Node names it, or undefined where evloop has none. */
export function syscallNumbers(arch: string = process.arch): SyscallNumbers | undefined {
  return tables[arch]
}
