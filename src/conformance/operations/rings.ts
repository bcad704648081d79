import { IORING_OP } from '../../libc/constants/io-uring.ts'
import { F } from '../../libc/constants/linux.ts'
import { sys } from '../../libc/libc.ts'
import type { Ring } from '../../libc/ring.ts'
import { borrowRing, giveBackRing } from '../kept-rings.ts'
import type { Machine } from '../machine.ts'
import type { RingStep } from '../steps/rings.ts'
import { signalByCompletion } from './aio.ts'
import { unlessAbsent } from './available.ts'
import type { Operations } from './index.ts'

export const ringOperations: Operations<RingStep['op']> = {
  io_uring(machine, { as }) {
    // Old kernels count rings as locked memory, which few may have much of: ENOMEM.
    // A scenario that begins anew does not need the ring any more that had the name before.
    if (!returnRing(machine, as)) machine.cleanups.push(() => returnRing(machine, as))
    const ring = unlessAbsent('io_uring', () => borrowRing(machine.libc), 'ENOMEM')
    machine.rings.set(as, ring)
    // The ring needs its descriptor, so the scenario has one of its own to close.
    machine.bind(as, sys(machine.libc, 'fcntl', ring.fd, F.DUPFD_CLOEXEC, 0))
  },
  'io_uring.nop'(machine, { fd }) {
    ringOf(machine, fd).submit({ opcode: IORING_OP.NOP }, 1)
  },
  'io_uring.take'(machine, { fd }) {
    machine.expect(ringOf(machine, fd).take()?.result ?? 'no completion', 0, 'the request gives')
  },
  'eventfd.complete': (machine, { fd }) => signalByCompletion(machine, fd),
}

/** Gives the ring of a name back, if there is one. */
function returnRing(machine: Machine, name: string): boolean {
  const ring = machine.rings.get(name)
  if (ring === undefined) return false
  machine.rings.delete(name)
  giveBackRing(ring)
  return true
}

function ringOf(machine: Machine, name: string): Ring {
  const found = machine.rings.get(name)
  if (found === undefined) throw new TypeError(`the scenario has no ring ${name}`)
  return found
}
