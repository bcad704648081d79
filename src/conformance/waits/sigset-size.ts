import { signalSet } from '../../libc/signals.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { NULL } from '../../libc/signatures.ts'
import { write } from '../build.ts'
import type { Machine } from '../machine.ts'
import type { WaitFunction } from './functions.ts'
import { byNumber, SIGSET_BYTES } from './raw.ts'
import { expectCall, readable, Wait } from './wait.ts'

/** Sizes that the kernel's sigset_t does not have: of nothing, of 32 bits, of glibc's sigset_t. */
const WRONG_SIZES = [0, 1, 4, 7, 9, 16, 128]

/** Of the pipe of `watchPipe`: fails unless the system call takes a mask of 8 bytes and of no other size, and any size without a mask. */
export function expectSizeChecked(machine: Machine, fn: WaitFunction): void {
  machine.run(write('w', 1))
  const wait = new Wait(machine, fn, { ms: 0 })
  const empty = signalSet()
  const attempt = (mask: Pointer, size: number, expected: string): void => {
    expectCall(machine, byNumber(machine, wait, { mask, size }), expected)
  }
  attempt(empty.address, SIGSET_BYTES, readable('r'))
  for (const size of WRONG_SIZES) attempt(empty.address, size, 'EINVAL')
  for (const size of [SIGSET_BYTES, ...WRONG_SIZES]) attempt(NULL, size, readable('r'))
}
