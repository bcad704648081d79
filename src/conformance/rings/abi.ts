/**
 * <linux/io_uring.h> as checks need it: by name, and also what evloop itself has no use for. The numbers are the same
 * on every architecture.
 */

import { errnoName } from '../../libc/libc.ts'

/** System calls. They are newer than the common table of numbers. */
export const SYS = { setup: 425, enter: 426, register: 427 } as const

/** Operations. */
export const OP = {
  NOP: 0,
  POLL_ADD: 6,
  POLL_REMOVE: 7,
  TIMEOUT: 11,
  TIMEOUT_REMOVE: 12,
  ASYNC_CANCEL: 14,
  LINK_TIMEOUT: 15,
  CLOSE: 19,
  READ: 22,
  EPOLL_CTL: 29,
  MSG_RING: 40,
  EPOLL_WAIT: 59,
} as const
export type OpName = keyof typeof OP

/** `flags` of a request. */
export const SQE_FLAG = {
  FIXED_FILE: 1,
  DRAIN: 2,
  LINK: 4,
  HARDLINK: 8,
  ASYNC: 0x10,
  CQE_SKIP: 0x40,
} as const
export type SqeFlag = keyof typeof SQE_FLAG

/** `flags` of io_uring_setup. */
export const SETUP = {
  SQPOLL: 2,
  CQSIZE: 8,
  CLAMP: 0x10,
  R_DISABLED: 0x40,
  SUBMIT_ALL: 0x80,
  COOP_TASKRUN: 0x100,
  TASKRUN_FLAG: 0x200,
  SINGLE_ISSUER: 0x1000,
  DEFER_TASKRUN: 0x2000,
} as const
export type SetupFlag = keyof typeof SETUP

/** `features` that io_uring_setup fills in. */
export const FEATURE = {
  SINGLE_MMAP: 1,
  NODROP: 2,
  POLL_32BITS: 0x40,
  EXT_ARG: 0x100,
  CQE_SKIP: 0x800,
} as const
export type Feature = keyof typeof FEATURE

/** `flags` of io_uring_enter. */
export const ENTER = { GETEVENTS: 1, SQ_WAKEUP: 2, SQ_WAIT: 4, EXT_ARG: 8 } as const

/** Flags that the kernel sets in the submission ring. */
export const SQ_STATE = { NEED_WAKEUP: 1, CQ_OVERFLOW: 2, TASKRUN: 4 } as const
export type SqState = keyof typeof SQ_STATE

/** `len` of POLL_ADD and POLL_REMOVE. */
export const POLL_FLAG = { MULTI: 1, UPDATE_EVENTS: 2, UPDATE_USER_DATA: 4, LEVEL: 8 } as const

/** `timeout_flags`. */
export const TIMEOUT_FLAG = { ABS: 1, UPDATE: 2, ETIME_SUCCESS: 0x20, MULTISHOT: 0x40 } as const

/** `cancel_flags`. */
export const CANCEL_FLAG = { ALL: 1, FD: 2, ANY: 4 } as const

/** `flags` of a completion. */
export const CQE_MORE = 2

/** `opcode` of io_uring_register. */
export const REGISTER = {
  EVENTFD: 4,
  UNREGISTER_EVENTFD: 5,
  EVENTFD_ASYNC: 7,
  PROBE: 8,
  ENABLE_RINGS: 12,
} as const

/** Errnos that Node has no name for. */
const nameless: ReadonlyMap<number, string> = new Map([
  [53, 'EBADR'],
  [77, 'EBADFD'],
])

/** The name of an errno that a ring gives. */
export const ringErrno = (errno: number): string => nameless.get(errno) ?? errnoName(errno)
