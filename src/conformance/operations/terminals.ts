import { UnsupportedError } from '../../errors.ts'
import {
  O,
  TCFLSH,
  TCIFLUSH,
  TIOCGPTN,
  TIOCGPTPEER,
  TIOCPKT,
  TIOCSPTLCK,
} from '../../libc/constants/linux.ts'
import { errnoName, sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import type { Pointer } from '../../libc/signatures.ts'
import type { Machine } from '../machine.ts'
import type { TerminalStep } from '../steps/terminals.ts'
import { unlessAbsent } from './available.ts'
import type { Operations } from './index.ts'

const FLAGS = O.RDWR | O.NONBLOCK | O.CLOEXEC | O.NOCTTY

/** What a machine without pseudo terminals answers, or one that has no more of them. */
const none: readonly string[] = ['ENOENT', 'ENODEV', 'ENXIO', 'EIO', 'ENOSPC', 'ENOTTY']

export const terminalOperations: Operations<TerminalStep['op']> = {
  pty(machine, { as }) {
    const open = (): number => sys(machine.libc, 'open', '/dev/ptmx', FLAGS, 0)
    machine.bind(as, unlessAbsent('a pseudo terminal', open, ...none))
    const unlock = (): number => sys(machine.libc, 'ioctl', machine.fd(as), TIOCSPTLCK, new Memory(4).address)
    unlessAbsent('a pseudo terminal', unlock, ...none)
  },
  'pty.slave': (machine, { as, fd }) => machine.bind(as, openSlave(machine, machine.fd(fd))),
  'pty.type'(machine, { fd, text }) {
    const bytes = Buffer.from(text)
    const memory = new Memory(bytes.length)
    memory.bytes.set(bytes)
    sys(machine.libc, 'write', machine.fd(fd), memory.address, bytes.length)
  },
  'pty.packet-mode'(machine, { fd }) {
    const on = new Memory(4)
    on.view.setInt32(0, 1, true)
    sys(machine.libc, 'ioctl', machine.fd(fd), TIOCPKT, on.address)
  },
  'pty.flush'(machine, { fd }) {
    // The third argument is a number here, although ioctl's is usually an address.
    sys(machine.libc, 'ioctl', machine.fd(fd), TCFLSH, TCIFLUSH as Pointer)
  },
}

/** Opens the slave by its master (Linux 4.13), or else by its name, which another mount of devpts may hide. */
function openSlave(machine: Machine, master: number): number {
  const fd = machine.libc.fn.ioctl(master, TIOCGPTPEER, FLAGS as Pointer)
  if (fd !== -1) return fd
  const refusal = errnoName(machine.libc.errno())
  const number = new Memory(4)
  const byName = (): number => {
    sys(machine.libc, 'ioctl', master, TIOCGPTN, number.address)
    return sys(machine.libc, 'open', `/dev/pts/${number.view.getUint32(0, true)}`, FLAGS, 0)
  }
  try {
    return unlessAbsent('the slave of a pseudo terminal', byName, ...none)
  } catch (error) {
    if (error instanceof UnsupportedError) {
      throw new UnsupportedError(error.feature, `TIOCGPTPEER: ${refusal}; ${error.reason}`)
    }
    throw error
  }
}
