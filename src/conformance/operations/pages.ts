import { MAP, PROT, SC } from '../../libc/constants/linux.ts'
import { sys } from '../../libc/libc.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Machine } from '../machine.ts'

/** The size of a page of memory, which is also what a slot of a Linux pipe holds. */
export function pageSize(machine: Machine): number {
  return sys(machine.libc, 'sysconf', SC.PAGESIZE)
}

/** So many zeroed pages in a row, which go at the end. */
function mapPages(machine: Machine, count: number, protection: keyof typeof PROT): Pointer {
  const length = count * pageSize(machine)
  const flags = MAP.PRIVATE | MAP.ANONYMOUS
  // Writing without reading is nothing that every machine has.
  const bits = protection === 'WRITE' ? PROT.READ | PROT.WRITE : PROT[protection]
  const address = sys(machine.libc, 'mmap', NULL, length, bits, flags, -1, 0)
  machine.cleanups.push(() => sys(machine.libc, 'munmap', address, length))
  return address
}

/** A mapped page that the kernel cannot write to for us: with `NONE` it cannot be read either. */
export function mapUnwritablePage(machine: Machine, protection: 'NONE' | 'READ'): Pointer {
  return mapPages(machine, 1, protection)
}

/** A page that holds these bytes at its beginning and can be read, but no longer written. */
export function mapReadOnlyPage(machine: Machine, content: Uint8Array): Pointer {
  const address = mapPages(machine, 1, 'WRITE')
  for (const [i, byte] of content.entries()) machine.libc.fn.memset((address + i) as Pointer, byte, 1)
  sys(machine.libc, 'mprotect', address, pageSize(machine), PROT.READ)
  return address
}

/** The last bytes of a page behind which nothing can be read. */
export function endOfPage(machine: Machine, bytes: number): Pointer {
  const size = pageSize(machine)
  const address = mapPages(machine, 2, 'WRITE')
  sys(machine.libc, 'mprotect', (address + size) as Pointer, size, PROT.NONE)
  return (address + size - bytes) as Pointer
}
