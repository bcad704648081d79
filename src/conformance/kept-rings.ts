/**
 * Rings that are used again. The kernel takes a ring apart some time after it was closed (10 to 20 ms, and more under
 * load), and for that it interrupts whatever wait the thread that made it is in: another check would get an EINTR
 * that has nothing to do with it. So a ring is never closed before the process ends.
 */
import { sys } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { F } from '../libc/constants/linux.ts'
import { Ring } from '../libc/ring.ts'

const ENTRIES = 2

const idle: Ring[] = []
const numbers = new Set<number>()

/** A ring with nothing in it, to be given back. Throws `SystemError` where none can be made. */
export function borrowRing(libc: Libc): Ring {
  const ring = idle.pop() ?? new Ring(libc, ENTRIES)
  numbers.add(ring.fd)
  while (ring.take() !== undefined);
  return ring
}

export function giveBackRing(ring: Ring): void {
  idle.push(ring)
}

/** A descriptor of a ring that can be closed, because the ring has another. */
export function ringDescriptor(libc: Libc): number {
  const ring = borrowRing(libc)
  try {
    return sys(libc, 'fcntl', ring.fd, F.DUPFD_CLOEXEC, 0)
  } finally {
    giveBackRing(ring)
  }
}

/** Adds the descriptor of another ring that is kept, or takes it off the list. */
export function keepRingNumber(fd: number, kept: boolean): void {
  if (kept) numbers.add(fd)
  else numbers.delete(fd)
}

/** The descriptors of all of them, which are none that a check left open. */
export function ringNumbers(): ReadonlySet<number> {
  return numbers
}
