import { signalSet } from '../../../libc/signals.ts'
import type { Pointer } from '../../../libc/signatures.ts'
import { NULL } from '../../../libc/signatures.ts'
import { write } from '../../build.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { callOnce } from '../../operations/calls.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { SIGSET_BYTES, byNumber } from '../../waits/raw.ts'
import { expectCall, readable, Wait, watchPipe } from '../../waits/wait.ts'

const masked = ['pwait', 'pwait2'] as const

/** An address in the first page, which no program maps. */
const BAD_POINTER = 16

/** Sizes that the kernel's sigset_t does not have: of nothing, of 32 bits, of glibc's sigset_t. */
const WRONG_SIZES = [0, 1, 4, 7, 9, 16, 128]

/** Signal masks that are not what they should be. */
export const signalArguments: readonly Check[] = [
  ...waitChecks({
    id: 'sig.bad-mask-ptr',
    statement: 'A mask that cannot be read is EFAULT, whether something is ready or not.',
    kind: 'det',
    source: 'LTP epoll_pwait04; measured',
    variants: masked,
    run(machine, fn) {
      watchPipe(machine)
      const { invocation } = new Wait(machine, fn, { ms: 0 })
      const badMask = { ...invocation, args: invocation.args.with(-1, BAD_POINTER) }
      const attempt = (state: string): void => {
        machine.begin(`${fn.name} with a mask at an address that is not mapped, ${state} ready`)
        machine.expect(callOnce(machine, badMask), 'EFAULT', `${fn.name} with ${state} ready`)
      }
      attempt('nothing')
      machine.run(write('w', 1))
      attempt('a descriptor')
      expectCall(machine, new Wait(machine, fn, { ms: 0 }), readable('r'))
    },
  }),
  ...waitChecks({
    id: 'sig.sigsetsize',
    statement:
      'The system calls take a mask of 8 bytes and of no other size (EINVAL); without a mask the size does not matter.',
    kind: 'det',
    source: 'epoll_pwait(2), "C library/kernel differences"; Asterinas; StarryOS; LTP',
    variants: masked,
    backends: ['epoll', 'poll'],
    run: expectSizeChecked,
  }),
]

/** Also for pselect6, whose mask and size are behind a pointer of their own. */
function expectSizeChecked(machine: Machine, fn: WaitFunction): void {
  watchPipe(machine)
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
