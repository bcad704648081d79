/** The numbers of <linux/io_uring.h>, the same on every architecture. Each group says what it is a part of. */

/**
 * The operations, by number: `IORING_OP_…`. Up to Linux 6.15; a kernel says which of them it has
 * (`IORING_REGISTER_PROBE`).
 */
export const IORING_OPS = [
  'NOP',
  'READV',
  'WRITEV',
  'FSYNC',
  'READ_FIXED',
  'WRITE_FIXED',
  'POLL_ADD',
  'POLL_REMOVE',
  'SYNC_FILE_RANGE',
  'SENDMSG',
  'RECVMSG',
  'TIMEOUT',
  'TIMEOUT_REMOVE',
  'ACCEPT',
  'ASYNC_CANCEL',
  'LINK_TIMEOUT',
  'CONNECT',
  'FALLOCATE',
  'OPENAT',
  'CLOSE',
  'FILES_UPDATE',
  'STATX',
  'READ',
  'WRITE',
  'FADVISE',
  'MADVISE',
  'SEND',
  'RECV',
  'OPENAT2',
  'EPOLL_CTL',
  'SPLICE',
  'PROVIDE_BUFFERS',
  'REMOVE_BUFFERS',
  'TEE',
  'SHUTDOWN',
  'RENAMEAT',
  'UNLINKAT',
  'MKDIRAT',
  'SYMLINKAT',
  'LINKAT',
  'MSG_RING',
  'FSETXATTR',
  'SETXATTR',
  'FGETXATTR',
  'GETXATTR',
  'SOCKET',
  'URING_CMD',
  'SEND_ZC',
  'SENDMSG_ZC',
  'READ_MULTISHOT',
  'WAITID',
  'FUTEX_WAIT',
  'FUTEX_WAKE',
  'FUTEX_WAITV',
  'FIXED_FD_INSTALL',
  'FTRUNCATE',
  'BIND',
  'LISTEN',
  'RECV_ZC',
  'EPOLL_WAIT',
  'READV_FIXED',
  'WRITEV_FIXED',
  'PIPE',
] as const

/** Those that evloop itself uses. */
export const IORING_OP = {
  NOP: 0,
  POLL_ADD: 6,
  POLL_REMOVE: 7,
  TIMEOUT: 11,
  ASYNC_CANCEL: 14,
  LINK_TIMEOUT: 15,
  EPOLL_CTL: 29,
  MSG_RING: 40,
  EPOLL_WAIT: 59,
} as const

/** Flags of io_uring_setup, with the Linux version that brought each. */
export const IORING_SETUP = {
  IOPOLL: 1 << 0, // 5.1
  SQPOLL: 1 << 1, // 5.1, without privilege since 5.13
  SQ_AFF: 1 << 2, // 5.1
  CQSIZE: 1 << 3, // 5.5
  CLAMP: 1 << 4, // 5.6
  ATTACH_WQ: 1 << 5, // 5.6
  R_DISABLED: 1 << 6, // 5.10
  SUBMIT_ALL: 1 << 7, // 5.18
  COOP_TASKRUN: 1 << 8, // 5.19
  TASKRUN_FLAG: 1 << 9, // 5.19
  SQE128: 1 << 10, // 5.19
  CQE32: 1 << 11, // 5.19
  SINGLE_ISSUER: 1 << 12, // 6.0
  DEFER_TASKRUN: 1 << 13, // 6.1
  NO_MMAP: 1 << 14, // 6.5
  REGISTERED_FD_ONLY: 1 << 15, // 6.5
  NO_SQARRAY: 1 << 16, // 6.6
  HYBRID_IOPOLL: 1 << 17, // 6.13
  CQE_MIXED: 1 << 18, // 6.18
} as const

/** What io_uring_setup says that the kernel has (`features`). */
export const IORING_FEAT = {
  SINGLE_MMAP: 1 << 0, // 5.4
  NODROP: 1 << 1, // 5.5
  SUBMIT_STABLE: 1 << 2, // 5.5
  RW_CUR_POS: 1 << 3, // 5.6
  CUR_PERSONALITY: 1 << 4, // 5.6
  FAST_POLL: 1 << 5, // 5.7
  POLL_32BITS: 1 << 6, // 5.9
  SQPOLL_NONFIXED: 1 << 7, // 5.11
  EXT_ARG: 1 << 8, // 5.11
  NATIVE_WORKERS: 1 << 9, // 5.12
  RSRC_TAGS: 1 << 10, // 5.13
  CQE_SKIP: 1 << 11, // 5.17
  LINKED_FILE: 1 << 12, // 5.17
  REG_REG_RING: 1 << 13, // 6.3
  RECVSEND_BUNDLE: 1 << 14, // 6.10
  MIN_TIMEOUT: 1 << 15, // 6.12
  RW_ATTR: 1 << 16, // 6.14
  NO_IOWAIT: 1 << 17, // 6.15
} as const

/** Flags of io_uring_enter. */
export const IORING_ENTER = {
  GETEVENTS: 1 << 0,
  SQ_WAKEUP: 1 << 1,
  SQ_WAIT: 1 << 2, // 5.10
  EXT_ARG: 1 << 3, // 5.11
} as const

/** What the kernel says in the submission queue's `flags`. */
export const IORING_SQ = {
  NEED_WAKEUP: 1 << 0,
  CQ_OVERFLOW: 1 << 1, // 5.8
  TASKRUN: 1 << 2, // 5.19
} as const

/** Flags of requests and of their completions. */
export const IOSQE = {
  IO_DRAIN: 1 << 1,
  IO_LINK: 1 << 2,
  IO_HARDLINK: 1 << 3,
  ASYNC: 1 << 4,
  CQE_SKIP_SUCCESS: 1 << 6,
} as const
export const IORING_CQE_F_MORE = 2

/** `len` of POLL_ADD and POLL_REMOVE. */
export const IORING_POLL = {
  ADD_MULTI: 1 << 0, // 5.13
  UPDATE_EVENTS: 1 << 1, // 5.13
  UPDATE_USER_DATA: 1 << 2, // 5.13
  ADD_LEVEL: 1 << 3, // 6.0
} as const

/** Flags of ASYNC_CANCEL (5.19). */
export const IORING_ASYNC_CANCEL = { ALL: 1 << 0, FD: 1 << 1, ANY: 1 << 2 } as const

/** Flags of TIMEOUT. */
export const IORING_TIMEOUT = { MULTISHOT: 1 << 6 } as const // 6.4

/** Operations of io_uring_register. */
export const IORING_REGISTER = {
  EVENTFD: 4,
  UNREGISTER_EVENTFD: 5,
  EVENTFD_ASYNC: 7,
  PROBE: 8,
  ENABLE_RINGS: 12,
} as const
/** A flag of an entry of `struct io_uring_probe`: the kernel has the operation. */
export const IO_URING_OP_SUPPORTED = 1

/** Where the rings are in the descriptor's address space. */
export const IORING_OFF = { SQ_RING: 0, CQ_RING: 0x8000000, SQES: 0x10000000 } as const
