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
