/** The flags that a descriptor was made with, as fcntl tells them. */
import { F, FD_CLOEXEC, O } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { call, closeAll } from '../../build.ts'
import type { Machine } from '../../machine.ts'
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
    const fd = machine.fd('made')
    const cloexec = sys(machine.libc, 'fcntl', fd, F.GETFD, 0) & FD_CLOEXEC
    machine.expect(cloexec, (flags & CLOEXEC) === 0 ? 0 : FD_CLOEXEC, 'FD_CLOEXEC')
    const nonblock = sys(machine.libc, 'fcntl', fd, F.GETFL, 0) & O.NONBLOCK
    machine.expect(nonblock, (flags & NONBLOCK) === 0 ? 0 : O.NONBLOCK, 'O_NONBLOCK')
    machine.run(closeAll())
  }
}
