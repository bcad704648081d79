import { readdirSync } from 'node:fs'
import { F } from './constants/linux.ts'
import type { Libc } from './libc.ts'

/** Without /proc, this many descriptors are looked at one by one. */
const DESCRIPTORS_WITHOUT_PROC = 256

/** The descriptors of this process that are open right now, but for the one that reads the list. */
export function openDescriptors(libc: Libc): ReadonlySet<number> {
  return new Set(candidates().filter((fd) => libc.fn.fcntl(fd, F.GETFD, 0) !== -1))
}

function candidates(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    return Array.from({ length: DESCRIPTORS_WITHOUT_PROC }, (_, fd) => fd)
  }
}
