/**
 * The numbers of the Linux ABI that are the same on every 64-bit architecture that evloop knows. Grouped by
 * the header that defines them. Sources: the kernel's uapi headers (asm-generic where an architecture has
 * none of its own) and glibc's bits/*.h.
 */

/** <sys/epoll.h>. The low bits equal the POLL bits. */
export const EPOLL = {
  IN: 0x001,
  PRI: 0x002,
  OUT: 0x004,
  ERR: 0x008,
  HUP: 0x010,
  RDNORM: 0x040,
  RDBAND: 0x080,
  WRNORM: 0x100,
  WRBAND: 0x200,
  MSG: 0x400,
  RDHUP: 0x2000,
  EXCLUSIVE: 0x10000000,
  WAKEUP: 0x20000000,
  ONESHOT: 0x40000000,
  ET: 0x80000000,
} as const

/** <sys/epoll.h>: operations of epoll_ctl, flags of epoll_create1, ioctls of an epoll descriptor (6.9). */
export const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const
export const EPOLL_CLOEXEC = 0o2000000
export const EPIOCSPARAMS = 0x40088a01
export const EPIOCGPARAMS = 0x80088a02

/** <poll.h> */
export const POLL = {
  IN: 0x001,
  PRI: 0x002,
  OUT: 0x004,
  ERR: 0x008,
  HUP: 0x010,
  NVAL: 0x020,
  RDNORM: 0x040,
  RDBAND: 0x080,
  WRNORM: 0x100,
  WRBAND: 0x200,
  RDHUP: 0x2000,
} as const

/** <sys/select.h>: how many descriptors an fd_set has room for. */
export const FD_SETSIZE = 1024

/** <sys/eventfd.h> */
export const EFD = { SEMAPHORE: 1, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const

/** <linux/aio_abi.h>: reading, and telling an eventfd when it is done. */
export const IOCB = { CMD_PREAD: 0, FLAG_RESFD: 1 } as const

/** <sys/timerfd.h>, <time.h> */
export const TFD = {
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  TIMER_ABSTIME: 1,
  TIMER_CANCEL_ON_SET: 2,
} as const
export const CLOCK = { REALTIME: 0, MONOTONIC: 1, THREAD_CPUTIME_ID: 3, BOOTTIME: 7 } as const

/** <sys/signalfd.h>, <sys/inotify.h> */
export const SFD = { NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const
export const IN_FLAGS = { NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const
export const IN_OPEN = 0x20
export const IN_CREATE = 0x100
export const IN_DELETE = 0x200

/** <signal.h>: numbers of signals that are equal on every architecture that evloop knows, and pthread_sigmask. */
export const SIG = { USR2: 12, CHLD: 17, CONT: 18, STOP: 19, URG: 23, WINCH: 28 } as const
export const SIG_BLOCK = 0
export const SIG_SETMASK = 2
/** <signal.h>: dispositions that are no handler, and flags of sigaction. */
export const SIG_DFL = 0
export const SIG_IGN = 1
export const SA = { RESTART: 0x10000000, RESETHAND: 0x80000000 } as const

/** <fcntl.h>: those that are equal on x86-64 and arm64 (O_DIRECTORY and O_DIRECT are not). */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  ACCMODE: 3,
  CREAT: 0o100,
  NOCTTY: 0o400,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const
/** <fcntl.h>: makes a pipe one of packets. The one number here that differs by architecture. */
export const O_DIRECT = process.arch === 'arm64' ? 0o200000 : 0o40000
export const F = {
  DUPFD_CLOEXEC: 1030,
  GETFD: 1,
  SETFD: 2,
  GETFL: 3,
  SETFL: 4,
  SETPIPE_SZ: 1031,
  GETPIPE_SZ: 1032,
} as const
export const FD_CLOEXEC = 1

/** <sys/ioctl.h> */
export const FIONREAD = 0x541b
export const TIOCOUTQ = 0x5411
export const TCFLSH = 0x540b
export const TCIFLUSH = 0
/** <asm-generic/ioctls.h>, pseudo terminals: unlock the slave, its number, open it; packet mode. */
export const TIOCSPTLCK = 0x40045431
export const TIOCGPTN = 0x80045430
export const TIOCGPTPEER = 0x5441
export const TIOCPKT = 0x5420

/** <sys/socket.h>, <netinet/in.h>, <netinet/tcp.h> */
export const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 } as const
export const SOCK = {
  STREAM: 1,
  DGRAM: 2,
  RAW: 3,
  SEQPACKET: 5,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
} as const
export const SHUT = { RD: 0, WR: 1, RDWR: 2 } as const
export const SOL_SOCKET = 1
export const SO = {
  REUSEADDR: 2,
  ERROR: 4,
  SNDBUF: 7,
  RCVBUF: 8,
  OOBINLINE: 10,
  LINGER: 13,
  RCVLOWAT: 18,
  PROTOCOL: 38,
} as const
export const IPPROTO_TCP = 6
export const IPPROTO_IPV6 = 41
export const IPV6_V6ONLY = 26
/** <linux/netlink.h>: networks, and the protocol that the kernel leaves to programs. */
export const NETLINK_ROUTE = 0
export const NETLINK_USERSOCK = 2
export const TCP_NODELAY = 1
export const TCP_INFO = 11
export const TCP_QUICKACK = 12
export const MSG = {
  OOB: 1,
  PEEK: 2,
  DONTROUTE: 4,
  CTRUNC: 8,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  EOR: 0x80,
  CONFIRM: 0x800,
  NOSIGNAL: 0x4000,
  FASTOPEN: 0x20000000,
  CMSG_CLOEXEC: 0x40000000,
} as const
export const SCM_RIGHTS = 1
export const INADDR_LOOPBACK = 0x7f000001

/** <sched.h>, <sys/mount.h>: namespaces, and how mounts spread. */
export const CLONE = { NEWNS: 0x20000, NEWUTS: 0x4000000 } as const
export const MS = { REC: 0x4000, PRIVATE: 0x40000 } as const

/** <sys/mman.h> */
export const PROT = { NONE: 0, READ: 1, WRITE: 2 } as const
export const MAP = { SHARED: 1, PRIVATE: 2, ANONYMOUS: 0x20, POPULATE: 0x8000 } as const

/** <unistd.h> */
export const SEEK_SET = 0

/** <sys/resource.h> */
export const RLIMIT_NOFILE = 7
export const RLIMIT_MEMLOCK = 8

/** <sys/wait.h> */
export const WNOHANG = 1
export const WEXITED = 4
export const WNOWAIT = 0x1000000
export const P_ALL = 0
export const P_PID = 1

/** <linux/capability.h>: bit numbers, and the version of the interface that has 64 of them. */
export const CAP = { NET_ADMIN: 12, BLOCK_SUSPEND: 36 } as const
export const LINUX_CAPABILITY_VERSION_3 = 0x20080522

/** <unistd.h>: sysconf names. */
export const SC = { PAGESIZE: 30 } as const

/** <sys/prctl.h> */
export const PR = { SET_PDEATHSIG: 1, GET_SECCOMP: 21, SET_TIMERSLACK: 29, GET_TIMERSLACK: 30 } as const
