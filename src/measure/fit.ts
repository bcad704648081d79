/** Whether there are enough descriptors, and what would fit if not. */
import { UsageError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorLimit, raiseDescriptorLimit } from '../libc/limits.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { descriptorsPerSource } from '../workloads/sources.ts'
import type { Case } from '../workloads/workload.ts'

/** Descriptors that Node, a Poller, its waker and the replayer's pipes may come to need while a case runs. */
const SPARE_DESCRIPTORS = 40

/** How many descriptors there may be, and how many of them are free. */
export interface Room {
  readonly limit: number
  readonly free: number
}

/** Raises the soft limit to the hard one, and looks what there is. */
export function makeRoom(libc: Libc): Room {
  const limit = raiseLimit(libc)
  return { limit, free: limit - openDescriptors(libc).size - SPARE_DESCRIPTORS }
}

function raiseLimit(libc: Libc): number {
  try {
    return raiseDescriptorLimit(libc).soft
  } catch {
    // Where raising is not permitted, the present limit is what there is.
    return descriptorLimit(libc).soft
  }
}

/** How often a case is open in one process at once: its sources, which backends share, and all else that it opens. */
export interface AtOnce {
  readonly sources: number
  readonly entries: number
}

/** How many descriptors a case needs, its Pollers and what is spare aside. */
export function neededBy({ sources, extraDescriptors }: Case, atOnce: AtOnce): number {
  return (
    atOnce.sources * sources.count * descriptorsPerSource[sources.kind] + atOnce.entries * extraDescriptors
  )
}

/** Why a case does not fit; undefined if it does. */
export function whyTooMany(workload: Case, fds: number, room: Room, atOnce: AtOnce): string | undefined {
  const needed = neededBy(workload, atOnce)
  if (needed <= room.free) return undefined
  return `it needs ${needed} descriptors: this process may have ${room.limit}, which leaves room for --fds ${largest(workload, fds, room, atOnce)}`
}

/** The size at which a case would fit. */
function largest(workload: Case, fds: number, { free }: Room, atOnce: AtOnce): number {
  const { sources, extraPerFd = 0 } = workload
  const perSource = sources.count > 0 ? descriptorsPerSource[sources.kind] : 0
  const perFd = atOnce.sources * perSource + atOnce.entries * extraPerFd
  const tooMany = neededBy(workload, atOnce) - free
  return Math.max(0, fds - Math.ceil(tooMany / Math.max(1, perFd)))
}

/**
 * Throws `UsageError` where none of the cases whose size the user has chosen fits: those that do not grow are no
 * answer to what was asked. `cases` are of one size, `fds`.
 */
export function assertFits(
  cases: readonly { readonly case: Case; readonly atOnce: AtOnce }[],
  fds: number,
  room: Room,
): void {
  const growing = cases.filter((one) => one.case.fds >= fds)
  if (growing.length === 0 || growing.some((one) => neededBy(one.case, one.atOnce) <= room.free)) return
  const best = Math.max(...growing.map((one) => largest(one.case, fds, room, one.atOnce)))
  throw new UsageError(
    `--fds ${fds} does not fit: this process may have ${room.limit} descriptors, which leaves room for --fds ${best}`,
    'raise the hard limit (ulimit -Hn, LimitNOFILE, --ulimit nofile) or ask for fewer',
  )
}
