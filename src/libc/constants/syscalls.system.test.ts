import { describe, expect, test } from 'vitest'
import { OwnedFd } from '../fd.ts'
import { errnoName, openLibc, sys } from '../libc.ts'
import { Memory } from '../memory.ts'
import { NULL } from '../signatures.ts'
import { EPOLL_CLOEXEC } from './linux.ts'
import { syscallNumbers } from './syscalls.ts'

const libc = openLibc()

test('an architecture without a table has no numbers', () => {
  expect(syscallNumbers('sparc')).toBeUndefined()
})

test('an old call is only where the architecture has it', () => {
  expect(syscallNumbers('x64')).toHaveProperty('epoll_wait')
  expect(syscallNumbers('arm64')).not.toHaveProperty('epoll_wait')
})

describe.skipIf(syscallNumbers() === undefined)('the numbers of this machine are those of the calls', () => {
  const { gettid, epoll_create, epoll_wait, epoll_pwait, epoll_pwait2, pidfd_open, io_uring_setup } =
    syscallNumbers() ?? {}

  /** What the call returns, or the name of its errno. */
  function raw(number = -1, ...[a = 0, b = 0, c = 0, d = 0, e = 0]: readonly number[]): number | string {
    const result = libc.fn.syscall(number, a, b, c, d, e, 0)
    return result === -1 ? errnoName(libc.errno()) : result
  }

  /** A call that returns a descriptor: closes it, and tells whether it was one. */
  function opens(number: number | undefined, ...args: readonly number[]): boolean | string {
    const result = raw(number, ...args)
    return typeof result === 'string' ? result : libc.fn.close(result) === 0
  }

  test('gettid of the main thread is the process', () => {
    expect(raw(gettid)).toBe(process.pid)
  })

  test('the waits of epoll find nothing in an empty epoll', () => {
    using epoll = new OwnedFd(libc, sys(libc, 'epoll_create1', EPOLL_CLOEXEC))
    const [events, atOnce] = [new Memory(16), new Memory(16)]
    expect(raw(epoll_pwait, epoll.fd, events.address, 1, 0, NULL)).toBe(0)
    expect([0, 'ENOSYS', 'EPERM']).toContain(
      raw(epoll_pwait2, epoll.fd, events.address, 1, atOnce.address, NULL),
    )
    expect(raw(epoll_wait ?? epoll_pwait, epoll.fd, events.address, 1, 0, NULL)).toBe(0)
  })

  test('the calls that open descriptors do so', () => {
    expect([true, 'ENOSYS', 'EPERM']).toContain(opens(pidfd_open, process.pid))
    expect([true, 'ENOSYS']).toContain(epoll_create === undefined ? true : opens(epoll_create, 1))
    expect(['EFAULT', 'EINVAL', 'ENOSYS', 'EPERM']).toContain(raw(io_uring_setup, 1, NULL))
  })
})
