/** The names of <linux/io_uring.h>, as scenarios use them, and the errnos that Node has no name for. */
import type { IORING_FEAT, IORING_SETUP, IORING_SQ, IOSQE } from '../../libc/constants/io-uring.ts'
import { IORING_OPS } from '../../libc/constants/io-uring.ts'
import { errnoName } from '../../libc/libc.ts'

export type OpName = (typeof IORING_OPS)[number]
/** Flags of a request. */
export type SqeFlag = keyof typeof IOSQE
/** Flags of io_uring_setup. */
export type SetupFlag = keyof typeof IORING_SETUP
/** What io_uring_setup says that the kernel has. */
export type Feature = keyof typeof IORING_FEAT
/** Flags that the kernel sets in the submission ring. */
export type SqState = keyof typeof IORING_SQ

/** The number of an operation. */
export const opNumber = (name: OpName): number => IORING_OPS.indexOf(name)

const nameless: ReadonlyMap<number, string> = new Map([
  [53, 'EBADR'],
  [77, 'EBADFD'],
])

/** The name of an errno that a ring gives. */
export const ringErrno = (errno: number): string => nameless.get(errno) ?? errnoName(errno)
