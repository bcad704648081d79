/** Since when the kernel has what a check asks of a ring. What it is too old for is unsupported, and no failure. */
import { release as kernelRelease } from 'node:os'
import { UnsupportedError } from '../../errors.ts'
import { Failure } from '../check.ts'
import { compareReleases } from '../operations/environment.ts'
import type { OpName, SetupFlag, SqeFlag } from './abi.ts'

/** The releases that have an operation, a flag of it, or a flag of io_uring_setup. */
export const since = {
  operation: {
    NOP: '5.1',
    POLL_ADD: '5.1',
    POLL_REMOVE: '5.1',
    TIMEOUT: '5.4',
    TIMEOUT_REMOVE: '5.5',
    ASYNC_CANCEL: '5.5',
    LINK_TIMEOUT: '5.5',
    CLOSE: '5.6',
    READ: '5.6',
    EPOLL_CTL: '5.6',
    MSG_RING: '5.18',
    EPOLL_WAIT: '6.15',
  } satisfies Partial<Record<OpName, string>> as Partial<Record<OpName, string>>,
  requestFlag: {
    IO_DRAIN: '5.2',
    IO_LINK: '5.3',
    IO_HARDLINK: '5.5',
    ASYNC: '5.6',
    CQE_SKIP_SUCCESS: '5.17',
  } satisfies Record<SqeFlag, string>,
  setupFlag: {
    // Before that it takes privilege, and descriptors that are registered.
    SQPOLL: '5.11',
    CQSIZE: '5.5',
    CLAMP: '5.6',
    R_DISABLED: '5.10',
    SUBMIT_ALL: '5.18',
    COOP_TASKRUN: '5.19',
    TASKRUN_FLAG: '5.19',
    SINGLE_ISSUER: '6.0',
    DEFER_TASKRUN: '6.1',
  } satisfies Partial<Record<SetupFlag, string>> as Partial<Record<SetupFlag, string>>,
  multishot: '5.13',
  update: '5.13',
  exclusive: '5.9',
  cancelByDescriptor: '5.19',
  multishotTimeout: '6.4',
} as const

/** Leaves the check unsupported where the kernel says that it is older. */
export function requireSince(release: string, feature: string): void {
  const present = kernelRelease()
  if (compareReleases(present, release) >= 0) return
  throw new UnsupportedError(feature, `it is there since Linux ${release}, and this is ${present}`)
}

/** What io_uring_setup refuses with EINVAL must be a flag that is newer than the kernel. */
export function refusedFlags(flags: readonly SetupFlag[]): never {
  for (const flag of flags) requireSince(since.setupFlag[flag] ?? '5.1', `IORING_SETUP_${flag}`)
  throw new Failure(`io_uring_setup takes ${flags.join('|') || 'no flags'}`, 'it gives EINVAL')
}
