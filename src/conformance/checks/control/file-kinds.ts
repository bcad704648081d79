/** Descriptors of every kind that epoll accepts or refuses, and how to make each. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  AF,
  CLOCK,
  EPOLL_CLOEXEC,
  O,
  SC,
  SOCK,
  TIOCGPTPEER,
  TIOCSPTLCK,
} from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { sys } from '../../../libc/libc.ts'
import type { Libc } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { makeOwnDirectory } from '../../../own-directory.ts'
import type { Pointer } from '../../../libc/signatures.ts'
import { rawSyscall } from '../../../libc/syscall.ts'
import { ringDescriptor } from '../../kept-rings.ts'

/** Makes descriptors of one kind; the caller closes them. Throws `SystemError` or `UnsupportedError`. */
type Opener = (libc: Libc) => readonly number[]

/** <fcntl.h> and <linux/mount.h>: for the calls of the newer mount interface. */
const AT_FDCWD = -100
const FSOPEN_CLOEXEC = 1
const FSPICK_CLOEXEC = 1

/** <sys/fanotify.h>: with file handles only, which needs no privilege since Linux 5.13. */
const FAN = { CLOEXEC: 1, NONBLOCK: 2, REPORT_FID: 0x200 } as const

/** <linux/bpf.h> */
const BPF_MAP_CREATE = 0
const BPF_MAP_TYPE_RINGBUF = 27
const BPF_ATTRIBUTES_SIZE = 64

/** <linux/perf_event.h>: the CPU clock, counting this process's own code; disabled. */
const PERF_TYPE_SOFTWARE = 1
const PERF_ATTRIBUTES_SIZE = 64
const PERF_FLAGS_OFFSET = 40
const PERF_DISABLED_USER_ONLY = 1 | (1 << 5) | (1 << 6)
const PERF_FLAG_FD_CLOEXEC = 8

const UFFD_USER_MODE_ONLY = 1
const MFD_CLOEXEC = 1
const IPPROTO_ICMP = 1

/** A new descriptor, as every call that makes one is asked to: it does not block, and is not inherited. */
const FLAGS = O.NONBLOCK | O.CLOEXEC

const opened =
  (path: string, flags: number = O.RDONLY): Opener =>
  (libc) => [sys(libc, 'open', path, flags | FLAGS | O.NOCTTY, 0)]

const socket =
  (domain: number, type: number, protocol = 0): Opener =>
  (libc) => [sys(libc, 'socket', domain, type | SOCK.NONBLOCK | SOCK.CLOEXEC, protocol)]

/** Kinds that can be waited for. */
export const pollable: Readonly<Record<string, Opener>> = {
  pipe: (libc) => {
    const fds = new Memory(8)
    sys(libc, 'pipe2', fds.address, FLAGS)
    return [fds.view.getInt32(0, true), fds.view.getInt32(4, true)]
  },
  FIFO: (libc) => {
    const directory = makeOwnDirectory()
    try {
      sys(libc, 'mkfifo', join(directory, 'fifo'), 0o600)
      return opened(join(directory, 'fifo'), O.RDWR)(libc)
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
  'unix stream socket': socket(AF.UNIX, SOCK.STREAM),
  'unix datagram socket': socket(AF.UNIX, SOCK.DGRAM),
  'unix seqpacket socket': socket(AF.UNIX, SOCK.SEQPACKET),
  'TCP socket': socket(AF.INET, SOCK.STREAM),
  'UDP socket': socket(AF.INET, SOCK.DGRAM),
  'TCP6 socket': socket(AF.INET6, SOCK.STREAM),
  'UDP6 socket': socket(AF.INET6, SOCK.DGRAM),
  'raw socket': socket(AF.INET, SOCK.RAW, IPPROTO_ICMP),
  'packet socket': socket(AF.PACKET, SOCK.RAW),
  'netlink socket': socket(AF.NETLINK, SOCK.RAW),
  'pseudo terminal': (libc) => {
    const master = sys(libc, 'open', '/dev/ptmx', O.RDWR | FLAGS | O.NOCTTY, 0)
    libc.fn.ioctl(master, TIOCSPTLCK, new Memory(4).address)
    const flags = O.RDWR | FLAGS | O.NOCTTY
    // The third argument is a number here, although ioctl's is usually an address.
    const slave = libc.fn.ioctl(master, TIOCGPTPEER, flags as Pointer)
    return slave === -1 ? [master] : [master, slave]
  },
  eventfd: (libc) => [sys(libc, 'eventfd', 0, FLAGS)],
  timerfd: (libc) => [sys(libc, 'timerfd_create', CLOCK.MONOTONIC, FLAGS)],
  signalfd: (libc) => [sys(libc, 'signalfd', -1, new Memory(layouts.sigset.size).address, FLAGS)],
  inotify: (libc) => [sys(libc, 'inotify_init1', FLAGS)],
  fanotify: (libc) => [sys(libc, 'fanotify_init', FAN.CLOEXEC | FAN.NONBLOCK | FAN.REPORT_FID, O.RDONLY)],
  epoll: (libc) => [sys(libc, 'epoll_create1', EPOLL_CLOEXEC)],
  pidfd: (libc) => [rawSyscall(libc, 'pidfd_open', process.pid, 0)],
  userfaultfd: (libc) => [rawSyscall(libc, 'userfaultfd', FLAGS | UFFD_USER_MODE_ONLY)],
  'io_uring ring': (libc) => [ringDescriptor(libc)],
  'perf event': (libc) => {
    const { view, address } = new Memory(PERF_ATTRIBUTES_SIZE)
    view.setUint32(0, PERF_TYPE_SOFTWARE, true)
    view.setUint32(4, PERF_ATTRIBUTES_SIZE, true)
    view.setUint32(PERF_FLAGS_OFFSET, PERF_DISABLED_USER_ONLY, true)
    return [rawSyscall(libc, 'perf_event_open', address, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)]
  },
  'BPF ring buffer': (libc) => {
    const { view, address } = new Memory(BPF_ATTRIBUTES_SIZE)
    view.setUint32(0, BPF_MAP_TYPE_RINGBUF, true)
    view.setUint32(12, sys(libc, 'sysconf', SC.PAGESIZE), true)
    return [rawSyscall(libc, 'bpf', BPF_MAP_CREATE, address, BPF_ATTRIBUTES_SIZE)]
  },
  '/proc/mounts': opened('/proc/mounts'),
  '/proc/pressure/cpu': opened('/proc/pressure/cpu'),
  '/proc/pressure/io': opened('/proc/pressure/io'),
  '/proc/pressure/memory': opened('/proc/pressure/memory'),
  '/proc/sys/kernel/hostname': opened('/proc/sys/kernel/hostname'),
  '/dev/random': opened('/dev/random'),
}

/** Kinds that are always ready, or never: EPERM. */
export const unpollable: Readonly<Record<string, Opener>> = {
  'regular file': opened(fileURLToPath(import.meta.url)),
  directory: opened('/'),
  memfd: (libc) => [sys(libc, 'memfd_create', 'evloop', MFD_CLOEXEC)],
  memfd_secret: (libc) => [rawSyscall(libc, 'memfd_secret', O.CLOEXEC)],
  '/dev/null': opened('/dev/null'),
  '/dev/zero': opened('/dev/zero'),
  '/dev/full': opened('/dev/full'),
  '/dev/urandom': opened('/dev/urandom'),
  '/proc/self/maps': opened('/proc/self/maps'),
  fsopen: (libc) => {
    const type = stringOf('tmpfs')
    return [rawSyscall(libc, 'fsopen', type.address, FSOPEN_CLOEXEC)]
  },
  fspick: (libc) => {
    const path = stringOf('/')
    return [rawSyscall(libc, 'fspick', AT_FDCWD, path.address, FSPICK_CLOEXEC)]
  },
}

/** Kinds that are names of a place and not open files: EBADF. */
export const pathOnly: Readonly<Record<string, Opener>> = {
  'O_PATH descriptor': (libc) => [sys(libc, 'open', '/', O.PATH | O.CLOEXEC, 0)],
  open_tree: (libc) => {
    const path = stringOf('/')
    return [rawSyscall(libc, 'open_tree', AT_FDCWD, path.address, O.CLOEXEC)]
  },
}

function stringOf(text: string): Memory {
  const memory = new Memory(Buffer.byteLength(text) + 1)
  memory.bytes.set(Buffer.from(text))
  return memory
}
