/** The flags that a descriptor was made with, as fcntl tells them. */
import { call, closeAll } from '../../build.ts'
import type { Machine } from '../../machine.ts'
import { expectDescriptorFlags } from '../../operations/descriptor-flags.ts'
import type { Argument } from '../../steps.ts'
import type { FunctionName } from '../../../libc/signatures.ts'

/** The two flags of a call that makes a descriptor. */
interface Flags {
  readonly NONBLOCK: number
  readonly CLOEXEC: number
}

/**
 * Makes a descriptor with none of the two flags, with each, and with both, and fails unless it has just these. The
 * flags are the last argument.
 */
export function expectFlags(
  machine: Machine,
  fn: FunctionName,
  args: readonly Argument[],
  { NONBLOCK, CLOEXEC }: Flags,
): void {
  for (const flags of [0, NONBLOCK, CLOEXEC, NONBLOCK | CLOEXEC]) {
    machine.run(call(fn, [...args, flags], 'ok', 'made'))
    machine.begin(`the flags of what ${fn} has made`)
    expectDescriptorFlags(machine, 'made', {
      cloexec: (flags & CLOEXEC) !== 0,
      nonblock: (flags & NONBLOCK) !== 0,
    })
    machine.run(closeAll())
  }
}
