import { write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { callOnce } from '../../operations/calls.ts'
import { waitChecks } from '../../waits/define.ts'
import { expectSizeChecked } from '../../waits/sigset-size.ts'
import { expectCall, readable, Wait, watchPipe } from '../../waits/wait.ts'

const masked = ['pwait', 'pwait2'] as const

/** An address in the first page, which no program maps. */
const BAD_POINTER = 16

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
    run(machine, fn) {
      watchPipe(machine)
      expectSizeChecked(machine, fn)
    },
  }),
]
