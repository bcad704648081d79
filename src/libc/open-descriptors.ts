import { closeSync, openSync, readdirSync } from 'node:fs'
import { F } from './constants/linux.ts'
import type { Libc } from './libc.ts'

/** Without /proc, this many descriptors are looked at one by one. */
const DESCRIPTORS_WITHOUT_PROC = 256

const LIST = '/proc/self/fd'

/** The descriptors of this process that are open right now, but for the one that reads the list. */
export function openDescriptors(libc: Libc): ReadonlySet<number> {
  let listed: Set<number>
  let reader: number
  try {
    reader = lowestFree()
    listed = new Set(readdirSync(LIST).map(Number))
  } catch {
    return new Set(
      openAmong(
        libc,
        Array.from({ length: DESCRIPTORS_WITHOUT_PROC }, (_, fd) => fd),
      ),
    )
  }
  // The list has the descriptor that reads it, which is the lowest that was free. Where another thread has just
  // taken that one, the list does not say which it is, and each must be asked whether it is open.
  if (listed.delete(reader) && lowestFree() === reader) return listed
  listed.add(reader)
  return new Set(openAmong(libc, [...listed]))
}

function lowestFree(): number {
  const fd = openSync(LIST, 'r')
  closeSync(fd)
  return fd
}

function openAmong(libc: Libc, numbers: readonly number[]): number[] {
  return numbers.filter((fd) => libc.fn.fcntl(fd, F.GETFD, 0) !== -1)
}
