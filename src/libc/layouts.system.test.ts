import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { layouts } from './layouts.ts'
import type { Layouts } from './layouts.ts'
import type { StructLayout } from './struct.ts'

/** How C names a struct and the fields that a layout has of it. */
interface CStruct<L> {
  readonly type: string
  readonly fields: L extends StructLayout<infer Names> ? Readonly<Record<Names, string>> : never
  /** The macro without which the headers are too old to have it. */
  readonly since?: string
}

const cStructs: { readonly [Name in keyof Layouts]: CStruct<Layouts[Name]> } = {
  epoll_event: { type: 'struct epoll_event', fields: { events: 'events', data: 'data' } },
  epoll_params: {
    type: 'struct epoll_params',
    fields: {
      busy_poll_usecs: 'busy_poll_usecs',
      busy_poll_budget: 'busy_poll_budget',
      prefer_busy_poll: 'prefer_busy_poll',
      pad: '__pad',
    },
    since: 'EPIOCGPARAMS',
  },
  pollfd: { type: 'struct pollfd', fields: { fd: 'fd', events: 'events', revents: 'revents' } },
  timespec: { type: 'struct timespec', fields: { tv_sec: 'tv_sec', tv_nsec: 'tv_nsec' } },
  timeval: { type: 'struct timeval', fields: { tv_sec: 'tv_sec', tv_usec: 'tv_usec' } },
  itimerspec: {
    type: 'struct itimerspec',
    fields: {
      interval_sec: 'it_interval.tv_sec',
      interval_nsec: 'it_interval.tv_nsec',
      value_sec: 'it_value.tv_sec',
      value_nsec: 'it_value.tv_nsec',
    },
  },
  fd_set: { type: 'fd_set', fields: { bits: 'fds_bits' } },
  sigset: { type: 'sigset_t', fields: { bits: '__val' } },
  sigaction: {
    type: 'struct sigaction',
    fields: { handler: 'sa_handler', mask: 'sa_mask', flags: 'sa_flags', restorer: 'sa_restorer' },
  },
  rlimit: { type: 'struct rlimit', fields: { soft: 'rlim_cur', hard: 'rlim_max' } },
  cap_user_header: {
    type: 'struct __user_cap_header_struct',
    fields: { version: 'version', pid: 'pid' },
  },
  cap_user_data: {
    type: 'struct __user_cap_data_struct',
    fields: { effective: 'effective', permitted: 'permitted', inheritable: 'inheritable' },
  },
  sockaddr_in: {
    type: 'struct sockaddr_in',
    fields: { family: 'sin_family', port: 'sin_port', addr: 'sin_addr', zero: 'sin_zero' },
  },
  sockaddr_in6: {
    type: 'struct sockaddr_in6',
    fields: {
      family: 'sin6_family',
      port: 'sin6_port',
      flowinfo: 'sin6_flowinfo',
      addr: 'sin6_addr',
      scope_id: 'sin6_scope_id',
    },
  },
  sockaddr_un: { type: 'struct sockaddr_un', fields: { family: 'sun_family', path: 'sun_path' } },
  linger: { type: 'struct linger', fields: { onoff: 'l_onoff', linger: 'l_linger' } },
  iocb: {
    type: 'struct iocb',
    fields: {
      data: 'aio_data',
      key: 'aio_key',
      rw_flags: 'aio_rw_flags',
      opcode: 'aio_lio_opcode',
      reqprio: 'aio_reqprio',
      fd: 'aio_fildes',
      buf: 'aio_buf',
      nbytes: 'aio_nbytes',
      offset: 'aio_offset',
      reserved2: 'aio_reserved2',
      flags: 'aio_flags',
      resfd: 'aio_resfd',
    },
  },
  io_event: {
    type: 'struct io_event',
    fields: { data: 'data', obj: 'obj', res: 'res', res2: 'res2' },
  },
  iovec: { type: 'struct iovec', fields: { base: 'iov_base', len: 'iov_len' } },
  msghdr: {
    type: 'struct msghdr',
    fields: {
      name: 'msg_name',
      namelen: 'msg_namelen',
      iov: 'msg_iov',
      iovlen: 'msg_iovlen',
      control: 'msg_control',
      controllen: 'msg_controllen',
      flags: 'msg_flags',
    },
  },
  cmsghdr: {
    type: 'struct cmsghdr',
    fields: { len: 'cmsg_len', level: 'cmsg_level', type: 'cmsg_type' },
  },
  signalfd_siginfo: {
    type: 'struct signalfd_siginfo',
    fields: {
      signo: 'ssi_signo',
      errno: 'ssi_errno',
      code: 'ssi_code',
      pid: 'ssi_pid',
      rest: 'ssi_uid',
    },
  },
  inotify_event: {
    type: 'struct inotify_event',
    fields: { wd: 'wd', mask: 'mask', cookie: 'cookie', len: 'len' },
  },
  io_uring_params: {
    type: 'struct io_uring_params',
    fields: {
      sq_entries: 'sq_entries',
      cq_entries: 'cq_entries',
      flags: 'flags',
      sq_thread_cpu: 'sq_thread_cpu',
      sq_thread_idle: 'sq_thread_idle',
      features: 'features',
      wq_fd: 'wq_fd',
      resv: 'resv',
      sq_head: 'sq_off.head',
      sq_tail: 'sq_off.tail',
      sq_ring_mask: 'sq_off.ring_mask',
      sq_ring_entries: 'sq_off.ring_entries',
      sq_flags: 'sq_off.flags',
      sq_dropped: 'sq_off.dropped',
      sq_array: 'sq_off.array',
      sq_rest: 'sq_off.resv1',
      cq_head: 'cq_off.head',
      cq_tail: 'cq_off.tail',
      cq_ring_mask: 'cq_off.ring_mask',
      cq_ring_entries: 'cq_off.ring_entries',
      cq_overflow: 'cq_off.overflow',
      cq_cqes: 'cq_off.cqes',
      cq_flags: 'cq_off.flags',
      cq_rest: 'cq_off.resv1',
    },
    since: 'IORING_FEAT_RW_CUR_POS',
  },
  io_uring_sqe: {
    type: 'struct io_uring_sqe',
    fields: {
      opcode: 'opcode',
      flags: 'flags',
      ioprio: 'ioprio',
      fd: 'fd',
      off: 'off',
      addr: 'addr',
      len: 'len',
      op_flags: 'rw_flags',
      user_data: 'user_data',
      buf_index: 'buf_index',
      personality: 'personality',
      splice_fd_in: 'splice_fd_in',
      addr3: 'addr3',
      pad2: '__pad2',
    },
    since: 'IORING_SETUP_CQE32',
  },
  io_uring_cqe: {
    type: 'struct io_uring_cqe',
    fields: { user_data: 'user_data', res: 'res', flags: 'flags' },
    since: 'IORING_FEAT_RW_CUR_POS',
  },
  io_uring_getevents_arg: {
    type: 'struct io_uring_getevents_arg',
    // Named `pad` before Linux 6.12; the place is the same.
    fields: { sigmask: 'sigmask', sigmask_sz: 'sigmask_sz', min_wait_usec: 'ts) - sizeof(__u32', ts: 'ts' },
    since: 'IORING_FEAT_EXT_ARG',
  },
  io_uring_probe: {
    type: 'struct io_uring_probe',
    fields: { last_op: 'last_op', ops_len: 'ops_len', resv: 'resv', resv2: 'resv2' },
    since: 'IORING_FEAT_FAST_POLL',
  },
  io_uring_probe_op: {
    type: 'struct io_uring_probe_op',
    fields: { op: 'op', resv: 'resv', flags: 'flags', resv2: 'resv2' },
    since: 'IORING_FEAT_FAST_POLL',
  },
}

const headers = [
  'stddef.h',
  'stdio.h',
  'signal.h',
  'poll.h',
  'time.h',
  'linux/aio_abi.h',
  'linux/capability.h',
  'linux/io_uring.h',
  'netinet/in.h',
  'sys/epoll.h',
  'sys/inotify.h',
  'sys/resource.h',
  'sys/select.h',
  'sys/signalfd.h',
  'sys/socket.h',
  'sys/time.h',
  'sys/timerfd.h',
  'sys/uio.h',
  'sys/un.h',
]

/** A C program that prints a line for each struct: its name, size, and the offset of each field. */
function program(): string {
  const prints = Object.entries(cStructs).map(([name, { type, fields, since }]) => {
    const numbers = [
      `sizeof(${type})`,
      ...Object.values(fields).map((field: string) => `offsetof(${type}, ${field})`),
    ]
    const line = `printf("${name}${' %zu'.repeat(numbers.length)}\\n", ${numbers.join(', ')});`
    return since === undefined ? line : `#ifdef ${since}\n${line}\n#endif`
  })
  const includes = headers.map((header) => `#include <${header}>`)
  return ['#define _GNU_SOURCE', ...includes, 'int main(void) {', ...prints, 'return 0;', '}', ''].join('\n')
}

/** The layouts of the real headers, by name. */
function compiledLayouts(): Map<string, StructLayout> {
  const directory = mkdtempSync(join(tmpdir(), 'evloop-layouts-'))
  try {
    const source = join(directory, 'layouts.c')
    const binary = join(directory, 'layouts')
    writeFileSync(source, program())
    execFileSync('cc', ['-o', binary, source], { stdio: ['ignore', 'ignore', 'inherit'] })
    const lines = execFileSync(binary, { encoding: 'utf8' }).trimEnd().split('\n')
    return new Map(lines.map(parseLine))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function parseLine(line: string): [string, StructLayout] {
  const [name = '', ...numbers] = line.split(' ')
  const [size = NaN, ...offsets] = numbers.map(Number)
  const fields = Object.keys(cStructs[name as keyof Layouts].fields)
  return [name, { size, offsets: Object.fromEntries(fields.map((field, i) => [field, offsets[i] ?? NaN])) }]
}

describe('the layouts of this platform', () => {
  it('are those that a C compiler takes from the headers', ({ skip }) => {
    skip(process.platform !== 'linux', 'the layouts are those of Linux')
    skip(spawnSync('cc', ['--version']).status !== 0, 'there is no C compiler (cc)')
    const compiled = compiledLayouts()
    const optional = Object.entries(cStructs)
      .filter(([, { since }]) => since !== undefined)
      .map(([name]) => name)
    const missing = Object.keys(layouts).filter((name) => !compiled.has(name))
    expect(optional).toEqual(expect.arrayContaining(missing))
    for (const [name, layout] of compiled) {
      expect({ [name]: layouts[name as keyof Layouts] }).toEqual({ [name]: layout })
    }
  })
})
