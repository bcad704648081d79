/**
 * The layouts of the structs that evloop passes to C, for any Linux platform. `fixtures/abi/*.json` holds
 * them as golden files, and a test compiles the real headers to compare with where there is a compiler.
 */
import { struct } from './struct.ts'
import type { StructLayout } from './struct.ts'

/** The layouts that all 64-bit Linux platforms share. */
const shared = {
  epoll_params: struct([
    ['busy_poll_usecs', 'u32'],
    ['busy_poll_budget', 'u16'],
    ['prefer_busy_poll', 'u8'],
    ['pad', 'u8'],
  ]),
  pollfd: struct([
    ['fd', 'i32'],
    ['events', 'i16'],
    ['revents', 'i16'],
  ]),
  timespec: struct([
    ['tv_sec', 'i64'],
    ['tv_nsec', 'i64'],
  ]),
  timeval: struct([
    ['tv_sec', 'i64'],
    ['tv_usec', 'i64'],
  ]),
  itimerspec: struct([
    ['interval_sec', 'i64'],
    ['interval_nsec', 'i64'],
    ['value_sec', 'i64'],
    ['value_nsec', 'i64'],
  ]),
  fd_set: struct([['bits', 'u32', 32]]),
  sigset: struct([['bits', 'u64', 16]]),
  sigaction: struct([
    ['handler', 'u64'],
    ['mask', 'u64', 16],
    ['flags', 'i32'],
    ['restorer', 'u64'],
  ]),
  rlimit: struct([
    ['soft', 'u64'],
    ['hard', 'u64'],
  ]),
  cap_user_header: struct([
    ['version', 'u32'],
    ['pid', 'i32'],
  ]),
  cap_user_data: struct([
    ['effective', 'u32'],
    ['permitted', 'u32'],
    ['inheritable', 'u32'],
  ]),
  sockaddr_in: struct([
    ['family', 'u16'],
    ['port', 'u16'],
    ['addr', 'u32'],
    ['zero', 'u8', 8],
  ]),
  sockaddr_in6: struct([
    ['family', 'u16'],
    ['port', 'u16'],
    ['flowinfo', 'u32'],
    ['addr', 'u8', 16],
    ['scope_id', 'u32'],
  ]),
  sockaddr_un: struct([
    ['family', 'u16'],
    ['path', 'u8', 108],
  ]),
  linger: struct([
    ['onoff', 'i32'],
    ['linger', 'i32'],
  ]),
  iocb: struct([
    ['data', 'u64'],
    ['key', 'u32'],
    ['rw_flags', 'i32'],
    ['opcode', 'u16'],
    ['reqprio', 'i16'],
    ['fd', 'u32'],
    ['buf', 'u64'],
    ['nbytes', 'u64'],
    ['offset', 'i64'],
    ['reserved2', 'u64'],
    ['flags', 'u32'],
    ['resfd', 'u32'],
  ]),
  io_event: struct([
    ['data', 'u64'],
    ['obj', 'u64'],
    ['res', 'i64'],
    ['res2', 'i64'],
  ]),
  iovec: struct([
    ['base', 'u64'],
    ['len', 'u64'],
  ]),
  msghdr: struct([
    ['name', 'u64'],
    ['namelen', 'u32'],
    ['iov', 'u64'],
    ['iovlen', 'u64'],
    ['control', 'u64'],
    ['controllen', 'u64'],
    ['flags', 'i32'],
  ]),
  cmsghdr: struct([
    ['len', 'u64'],
    ['level', 'i32'],
    ['type', 'i32'],
  ]),
  signalfd_siginfo: struct([
    ['signo', 'u32'],
    ['errno', 'i32'],
    ['code', 'i32'],
    ['pid', 'u32'],
    ['rest', 'u8', 112],
  ]),
  inotify_event: struct([
    ['wd', 'i32'],
    ['mask', 'u32'],
    ['cookie', 'u32'],
    ['len', 'u32'],
  ]),
  // The two nested structs, io_sqring_offsets and io_cqring_offsets, are laid out in place.
  io_uring_params: struct([
    ['sq_entries', 'u32'],
    ['cq_entries', 'u32'],
    ['flags', 'u32'],
    ['sq_thread_cpu', 'u32'],
    ['sq_thread_idle', 'u32'],
    ['features', 'u32'],
    ['wq_fd', 'u32'],
    ['resv', 'u32', 3],
    ['sq_head', 'u32'],
    ['sq_tail', 'u32'],
    ['sq_ring_mask', 'u32'],
    ['sq_ring_entries', 'u32'],
    ['sq_flags', 'u32'],
    ['sq_dropped', 'u32'],
    ['sq_array', 'u32'],
    ['sq_rest', 'u32', 3],
    ['cq_head', 'u32'],
    ['cq_tail', 'u32'],
    ['cq_ring_mask', 'u32'],
    ['cq_ring_entries', 'u32'],
    ['cq_overflow', 'u32'],
    ['cq_cqes', 'u32'],
    ['cq_flags', 'u32'],
    ['cq_rest', 'u32', 3],
  ]),
  io_uring_sqe: struct([
    ['opcode', 'u8'],
    ['flags', 'u8'],
    ['ioprio', 'u16'],
    ['fd', 'i32'],
    ['off', 'u64'],
    ['addr', 'u64'],
    ['len', 'u32'],
    ['op_flags', 'u32'],
    ['user_data', 'u64'],
    ['buf_index', 'u16'],
    ['personality', 'u16'],
    ['splice_fd_in', 'i32'],
    ['addr3', 'u64'],
    ['pad2', 'u64'],
  ]),
  io_uring_cqe: struct([
    ['user_data', 'u64'],
    ['res', 'i32'],
    ['flags', 'u32'],
  ]),
  io_uring_getevents_arg: struct([
    ['sigmask', 'u64'],
    ['sigmask_sz', 'u32'],
    ['min_wait_usec', 'u32'],
    ['ts', 'u64'],
  ]),
  io_uring_probe: struct([
    ['last_op', 'u8'],
    ['ops_len', 'u8'],
    ['resv', 'u16'],
    ['resv2', 'u32', 3],
  ]),
  io_uring_probe_op: struct([
    ['op', 'u8'],
    ['resv', 'u8'],
    ['flags', 'u16'],
    ['resv2', 'u32'],
  ]),
}

/** All layouts of one platform. */
export type Layouts = typeof shared & { readonly epoll_event: StructLayout<'events' | 'data'> }

/** The layouts of Linux on an architecture, as Node names it. Only `epoll_event` differs. */
export function linuxLayouts(arch: string): Layouts {
  return {
    ...shared,
    // x86-64 packs the struct so that 32-bit programs see the same layout: 12 bytes. Everywhere else the data
    // is aligned: 16 bytes. <linux/eventpoll.h>, EPOLL_PACKED.
    epoll_event: struct(
      [
        ['events', 'u32'],
        ['data', 'u64'],
      ],
      { packed: arch === 'x64' },
    ),
  }
}

/** The layouts of the machine that this runs on. */
export const layouts: Layouts = linuxLayouts(process.arch)
