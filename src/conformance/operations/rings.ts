import { F, IORING_OP } from '../../libc/constants/linux.ts'
import { sys } from '../../libc/libc.ts'
import { Ring } from '../../libc/ring.ts'
import type { Machine } from '../machine.ts'
import type { RingStep } from '../steps/rings.ts'
import { signalByCompletion } from './aio.ts'
import { unlessAbsent } from './available.ts'
import type { Operations } from './index.ts'

const ENTRIES = 2

export const ringOperations: Operations<RingStep['op']> = {
  io_uring(machine, { as }) {
    // Old kernels count rings as locked memory, which few may have much of: ENOMEM.
    const made = unlessAbsent('io_uring', () => new Ring(machine.libc, ENTRIES), 'ENOMEM')
    machine.rings.set(as, made)
    machine.cleanups.push(() => made.close())
    // The ring needs its descriptor until its memory is given back, so the scenario has one of its own.
    machine.bind(as, sys(machine.libc, 'fcntl', made.fd, F.DUPFD_CLOEXEC, 0))
  },
  'io_uring.nop'(machine, { fd }) {
    ringOf(machine, fd).submit({ opcode: IORING_OP.NOP }, 1)
  },
  'io_uring.take'(machine, { fd }) {
    machine.expect(ringOf(machine, fd).take()?.result ?? 'no completion', 0, 'the request gives')
  },
  'eventfd.complete': (machine, { fd }) => signalByCompletion(machine, fd),
}

function ringOf(machine: Machine, name: string): Ring {
  const found = machine.rings.get(name)
  if (found === undefined) throw new TypeError(`the scenario has no ring ${name}`)
  return found
}
