import { F, FD_CLOEXEC, O } from '../../libc/constants/linux.ts'
import { sys } from '../../libc/libc.ts'
import type { Machine } from '../machine.ts'
import type { Name } from '../steps.ts'

/** Fails unless a descriptor is close-on-exec, and its file non-blocking, as fcntl tells, just where they are to be. */
export function expectDescriptorFlags(
  machine: Machine,
  name: Name,
  { cloexec, nonblock }: { readonly cloexec: boolean; readonly nonblock: boolean },
): void {
  const fd = machine.fd(name)
  machine.expect(
    sys(machine.libc, 'fcntl', fd, F.GETFD, 0) & FD_CLOEXEC,
    cloexec ? FD_CLOEXEC : 0,
    'FD_CLOEXEC',
  )
  machine.expect(
    sys(machine.libc, 'fcntl', fd, F.GETFL, 0) & O.NONBLOCK,
    nonblock ? O.NONBLOCK : 0,
    'O_NONBLOCK',
  )
}
