import { expect, test } from 'vitest'
import { NULL } from '../signatures.ts'
import { errnoName, openLibc } from '../libc.ts'
import { syscallNumbers } from './syscalls.ts'

const libc = openLibc()

test('an architecture without a table has no numbers', () => {
  expect(syscallNumbers('sparc')).toBeUndefined()
})

test('an old call is only where the architecture has it', () => {
  expect(syscallNumbers('x64')).toHaveProperty('epoll_wait')
  expect(syscallNumbers('arm64')).not.toHaveProperty('epoll_wait')
})

test.skipIf(syscallNumbers() === undefined)('the numbers of this machine are those of the calls', () => {
  const numbers = syscallNumbers()
  const raw = (number = -1, ...[a = 0, b = 0, c = 0, d = 0]: readonly number[]): number | string => {
    const result = libc.fn.syscall(number, a, b, c, d, 0, 0)
    return result === -1 ? errnoName(libc.errno()) : result
  }
  // Each call is given what only it refuses so; ENOSYS where the kernel is too old for it.
  expect(raw(numbers?.gettid)).toBe(process.pid)
  expect(raw(numbers?.epoll_pwait, -1, NULL, 1, 0)).toMatch(/EBADF|EFAULT/)
  expect(raw(numbers?.epoll_pwait2, -1, NULL, 1, NULL)).toMatch(/EBADF|EFAULT|ENOSYS|EPERM/)
  expect(raw(numbers?.pidfd_open, -1)).toMatch(/EINVAL|ENOSYS|EPERM/)
  expect(raw(numbers?.io_uring_setup, 0, NULL)).toMatch(/EFAULT|EINVAL|ENOSYS|EPERM/)
})
