import { F, O } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import type { Machine } from '../../machine.ts'
import type { Step } from '../../steps.ts'

/**
 * Runs steps in which threads block in reads or writes of an eventfd, which know no timeout. If a step fails
 * they are let go: a thread that stayed in its call for ever could not be used by later checks.
 */
export function runUnblocking(machine: Machine, fd: string, steps: readonly Step[]): void {
  try {
    machine.run(...steps)
  } catch (error) {
    unblock(machine, fd)
    throw error
  }
}

/** Makes room for a blocked write, and then gives a blocked read something. */
function unblock(machine: Machine, fd: string): void {
  const value = new Memory(8)
  // This thread must not block in its turn.
  sys(machine.libc, 'fcntl', machine.fd(fd), F.SETFL, O.NONBLOCK)
  machine.libc.fn.read(machine.fd(fd), value.address, 8)
  value.view.setBigUint64(0, 1n, true)
  machine.libc.fn.write(machine.fd(fd), value.address, 8)
}
