import { UnsupportedError } from '../../errors.ts'
import { syscallNumbers } from '../../libc/constants/syscalls.ts'
import type { SyscallNumbers } from '../../libc/constants/syscalls.ts'
import { Memory } from '../../libc/memory.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Machine } from '../machine.ts'
import { requireReach } from './functions.ts'
import type { WaitFunction } from './functions.ts'
import type { BlockingCall, Wait } from './wait.ts'

/** The size of the kernel's own sigset_t, which is not that of libc. */
export const SIGSET_BYTES = 8

/** A signal mask as system calls take it. */
export interface RawMask {
  readonly mask: Pointer
  readonly size: number
}

const systemCalls: Readonly<Partial<Record<WaitFunction['name'], keyof SyscallNumbers>>> = {
  epoll_pwait: 'epoll_pwait',
  epoll_pwait2: 'epoll_pwait2',
  ppoll: 'ppoll',
  pselect: 'pselect6',
}

/**
 * A wait by the number of its system call, past its wrapper. Throws `UnsupportedError` where that does not lead to
 * what is under test, or is not there.
 */
export function byNumber(machine: Machine, wait: Wait, { mask, size }: RawMask): BlockingCall {
  const { fn, args } = wait.invocation
  const name = systemCalls[fn as WaitFunction['name']]
  const number = name === undefined ? undefined : syscallNumbers()?.[name]
  if (number === undefined)
    throw new UnsupportedError(fn, `${process.arch} has no number for this system call`)
  requireReach(machine.libc, 'syscall', machine.backend)
  // pselect6 has one argument less than it would need, so the last one leads to mask and size.
  const last = fn === 'pselect' ? [pairOf(machine, mask, size)] : [mask, size]
  const six = [...args.slice(0, -1), ...last, NULL, NULL].slice(0, 6)
  return {
    invocation: { fn: 'syscall', args: [number, ...six] },
    text: `${wait.text} by number, with ${mask === NULL ? 'no mask' : 'a mask'} of ${size} bytes`,
    reset: () => wait.reset(),
    outcome(result, errno) {
      const outcome = wait.outcome(result, errno)
      if (outcome !== 'ENOSYS' && outcome !== 'EPERM') return outcome
      throw new UnsupportedError(`${fn} by number`, `it is missing or forbidden here: ${outcome}`)
    },
  }
}

function pairOf(machine: Machine, mask: Pointer, size: number): Pointer {
  const pair = new Memory(16)
  machine.keep(pair)
  pair.view.setBigUint64(0, BigInt(mask), true)
  pair.view.setBigUint64(8, BigInt(size), true)
  return pair.address
}
