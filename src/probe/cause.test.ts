import { describe, expect, test } from 'vitest'
import { judge } from './cause.ts'
import type { Circumstances } from './cause.ts'
import type { Failure } from './outcome.ts'
import type { Policy } from './policy.ts'

const everyCapability = 0x1ffffffffffn

/** A plain Linux 6.1, as root, without a filter. */
const plain: Policy = {
  kernel: [6, 1, 0],
  emulator: undefined,
  seccomp: 'none',
  ioUringDisabled: undefined,
  inIoUringGroup: false,
  capabilities: everyCapability,
}

const pwait2: Circumstances['feature'] = { since: '5.11' }
const ioUring: Circumstances['feature'] = { since: '5.1', option: 'CONFIG_IO_URING' }
const wakeup: Circumstances['feature'] = {
  since: '3.5',
  option: 'CONFIG_PM_SLEEP',
  capability: 'CAP_BLOCK_SUSPEND',
}

const errno = (name: string, syscall = 'epoll_pwait2'): Failure => ({ kind: 'errno', syscall, errno: name })
const noEffect: Failure = { kind: 'no-effect', reason: 'the flag is ignored' }

function blame(
  failure: Failure,
  feature: Circumstances['feature'],
  policy: Partial<Policy> = {},
  library?: string,
): string {
  const outcome = { ok: false, failure } as const
  const { state, cause } = judge(outcome, { feature, policy: { ...plain, ...policy }, library })
  return `${state} by ${cause ?? 'nobody'}`
}

describe('io_uring_setup', () => {
  const refused = errno('EPERM', 'io_uring_setup')
  const absent = errno('ENOSYS', 'io_uring_setup')

  test('EPERM is the sysctl where it forbids it to everybody', () => {
    expect(blame(refused, ioUring, { ioUringDisabled: 2, seccomp: 'filter' })).toBe('forbidden by sysctl')
  })

  test('EPERM is the sysctl where it forbids it to those without the capability', () => {
    expect(blame(refused, ioUring, { ioUringDisabled: 1, capabilities: 0n })).toBe('forbidden by sysctl')
  })

  test('EPERM is not the sysctl for the privileged, nor for members of the group', () => {
    expect(blame(refused, ioUring, { ioUringDisabled: 1, seccomp: 'filter' })).toBe('forbidden by seccomp')
    const member = { ioUringDisabled: 1, inIoUringGroup: true, capabilities: 0n, seccomp: 'filter' } as const
    expect(blame(refused, ioUring, member)).toBe('forbidden by seccomp')
  })

  test('EPERM is the seccomp filter where the sysctl allows it (Docker)', () => {
    expect(blame(refused, ioUring, { ioUringDisabled: 0, seccomp: 'filter' })).toBe('forbidden by seccomp')
  })

  test('EPERM without a filter or a sysctl is a security module', () => {
    expect(blame(refused, ioUring, { ioUringDisabled: 0 })).toBe('forbidden by privilege')
  })

  test('EPERM without /proc has no known cause', () => {
    const blind = { seccomp: 'unknown', capabilities: undefined } as const
    expect(blame(refused, ioUring, blind)).toBe('forbidden by nobody')
  })

  test('ENOSYS is the filter where the sysctl shows that the kernel has it (podman)', () => {
    expect(blame(absent, ioUring, { ioUringDisabled: 0, seccomp: 'filter' })).toBe('forbidden by seccomp')
    expect(blame(absent, ioUring, { ioUringDisabled: 0, seccomp: 'unknown' })).toBe('forbidden by seccomp')
  })

  test('ENOSYS without a filter is a kernel that is built without it', () => {
    expect(blame(absent, ioUring)).toBe('missing by kernel')
  })

  test('ENOSYS on an old kernel is the kernel, filter or not', () => {
    expect(blame(absent, ioUring, { kernel: [4, 19, 0], seccomp: 'filter' })).toBe('missing by kernel')
  })

  test('ENOSYS under an emulator is the emulator, though containers have filters as well', () => {
    const docker = { emulator: 'qemu-user', ioUringDisabled: 0, seccomp: 'filter' } as const
    expect(blame(absent, ioUring, docker)).toBe('missing by emulator')
  })

  test('an operation that gVisor refuses is missing', () => {
    const refusedPoll = errno('EINVAL', 'IORING_OP_POLL_ADD')
    expect(blame(refusedPoll, { since: '5.1' }, { emulator: 'gVisor', kernel: undefined })).toBe(
      'missing by emulator',
    )
  })
})

describe('epoll_pwait2', () => {
  test('ENOSYS on an older kernel is the kernel', () => {
    expect(blame(errno('ENOSYS'), pwait2, { kernel: [5, 10, 0] })).toBe('missing by kernel')
  })

  test('EPERM on an older kernel is the kernel: old runtimes say so of calls that they do not know', () => {
    expect(blame(errno('EPERM'), pwait2, { kernel: [5, 10, 0], seccomp: 'filter' })).toBe('missing by kernel')
  })

  test.each(['ENOSYS', 'EPERM'])('%s on a newer kernel with a filter is the filter', (name) => {
    expect(blame(errno(name), pwait2, { seccomp: 'filter' })).toBe('forbidden by seccomp')
  })

  test('ENOSYS on a newer kernel that cannot lack it is a filter where that cannot be seen', () => {
    expect(blame(errno('ENOSYS'), pwait2, { seccomp: 'unknown' })).toBe('forbidden by seccomp')
  })

  test('ENOSYS on a newer kernel without a filter is something that stands in for the kernel', () => {
    expect(blame(errno('ENOSYS'), pwait2)).toBe('missing by emulator')
  })

  test('a function that no library has is missing from libc', () => {
    const symbol: Failure = { kind: 'symbol', reason: 'no library has it', foreign: false }
    expect(blame(symbol, pwait2)).toBe('missing by libc')
  })

  test('a function that the library of its family lacks is missing from the library', () => {
    const symbol: Failure = { kind: 'symbol', reason: 'it comes from elsewhere', foreign: true }
    expect(blame(symbol, pwait2, {}, '/lib/user-epoll.so')).toBe('missing by library')
  })
})

describe('a flag that is ignored', () => {
  test('is unknown to an older kernel', () => {
    expect(blame(noEffect, { since: '4.5' }, { kernel: [4, 4, 0] })).toBe('missing by kernel')
  })

  test('is unknown to an emulator that is a kernel of its own', () => {
    expect(blame(noEffect, { since: '4.5' }, { emulator: 'gVisor', kernel: undefined })).toBe(
      'missing by emulator',
    )
  })

  test('is not the fault of an emulator that passes it on', () => {
    expect(blame(noEffect, wakeup, { emulator: 'qemu-user' })).toBe('missing by kernel')
  })

  test('is forbidden where a capability is missing', () => {
    expect(blame(noEffect, wakeup, { capabilities: 0n })).toBe('forbidden by privilege')
  })

  test('is a mistake where nothing excuses it', () => {
    expect(blame(noEffect, { since: '2.6' })).toBe('broken by kernel')
  })

  test('is the fault of the library that answers', () => {
    expect(blame(noEffect, { since: '2.6' }, {}, '/lib/user-epoll.so')).toBe('missing by library')
  })
})

describe('a process that does not survive', () => {
  test('SIGSYS is a seccomp filter, and the signal is reported', () => {
    const failure: Failure = { kind: 'death', by: 'SIGSYS', signal: 'SIGSYS' }
    expect(judge({ ok: false, failure }, { feature: pwait2, policy: plain, library: undefined })).toEqual({
      state: 'forbidden',
      cause: 'seccomp',
      reason: 'a seccomp filter kills the process that tries it',
      signal: 'SIGSYS',
      since: '5.11',
    })
  })

  test('another signal is the fault of whoever answers', () => {
    const failure: Failure = { kind: 'death', by: 'SIGSEGV', signal: 'SIGSEGV' }
    expect(blame(failure, pwait2)).toBe('broken by kernel')
    expect(blame(failure, pwait2, {}, '/lib/user-epoll.so')).toBe('broken by library')
  })

  test('a hang is a result too', () => {
    expect(blame({ kind: 'hang', ms: 5000 }, pwait2)).toBe('broken by kernel')
  })
})

test('limits that are reached say nothing about the feature', () => {
  expect(blame(errno('EMFILE', 'epoll_create1'), { since: '2.6.27' })).toBe('broken by limit')
  expect(blame(errno('ENOMEM', 'io_uring_setup'), { since: '5.1' })).toBe('broken by limit')
  expect(blame(errno('ENOSPC', 'epoll_ctl'), { since: '2.6' })).toBe('broken by sysctl')
})

test('success is usable, with the remark of the try', () => {
  const circumstances = { feature: pwait2, policy: plain, library: undefined }
  expect(judge({ ok: true }, circumstances)).toEqual({ state: 'usable', since: '5.11' })
  expect(judge({ ok: true, value: 'late' }, circumstances)).toEqual({
    state: 'usable',
    note: 'late',
    since: '5.11',
  })
})
