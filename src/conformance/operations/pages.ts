import { MAP, PROT, SC } from '../../libc/constants/linux.ts'
import { sys } from '../../libc/libc.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Machine } from '../machine.ts'

/** The size of a page of memory, which is also what a slot of a Linux pipe holds. */
export function pageSize(machine: Machine): number {
  return sys(machine.libc, 'sysconf', SC.PAGESIZE)
}

/** A mapped page that the kernel cannot write to for us: with `NONE` it cannot be read either. */
export function mapUnwritablePage(machine: Machine, protection: 'NONE' | 'READ'): Pointer {
  const length = pageSize(machine)
  const flags = MAP.PRIVATE | MAP.ANONYMOUS
  const address = sys(machine.libc, 'mmap', NULL, length, PROT[protection], flags, -1, 0)
  machine.cleanups.push(() => sys(machine.libc, 'munmap', address, length))
  return address
}
