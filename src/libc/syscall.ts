import { UnsupportedError } from '../errors.ts'
import { syscallNumbers } from './constants/syscalls.ts'
import type { SyscallNumbers } from './constants/syscalls.ts'
import { lastError } from './libc.ts'
import type { Libc } from './libc.ts'

/** The most arguments that a system call has. */
const ARGUMENTS = 6

/**
 * Makes a system call by its number, past every wrapper. Throws `SystemError` where it fails, and
 * `UnsupportedError` where the architecture does not have it.
 */
export function rawSyscall(libc: Libc, name: keyof SyscallNumbers, ...args: readonly number[]): number {
  const number = syscallNumbers()?.[name]
  if (number === undefined) {
    throw new UnsupportedError(name, `${process.arch} has no number for this system call`)
  }
  const padded = [...args, ...Array<number>(ARGUMENTS).fill(0)].slice(0, ARGUMENTS)
  const result = libc.fn.syscall(number, ...(padded as [number, number, number, number, number, number]))
  if (result === -1) throw lastError(libc, name)
  return result
}
