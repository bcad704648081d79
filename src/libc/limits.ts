import { SystemError } from '../errors.ts'
import { RLIMIT_NOFILE } from './constants/linux.ts'
import { layouts } from './layouts.ts'
import { sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'

/** A limit of this process. No limit at all is shown as `Infinity`. */
export interface ResourceLimit {
  readonly soft: number
  /** How far `soft` may be raised without privilege. */
  readonly hard: number
}

/** How many descriptors this process may have: numbers at or above `soft` are refused with EMFILE. */
export type DescriptorLimit = ResourceLimit

/** The present descriptor limit (getrlimit of RLIMIT_NOFILE). */
export function descriptorLimit(libc: Libc): DescriptorLimit {
  return resourceLimit(libc, RLIMIT_NOFILE)
}

/** The present limit of a resource, which is a RLIMIT constant. */
export function resourceLimit(libc: Libc, resource: number): ResourceLimit {
  const memory = new Memory(layouts.rlimit.size)
  sys(libc, 'getrlimit', resource, memory.address)
  const at = (offset: number): number => {
    const value = memory.view.getBigUint64(offset, true)
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value)
  }
  return { soft: at(layouts.rlimit.offsets.soft), hard: at(layouts.rlimit.offsets.hard) }
}

/** The soft limit of a resource, or what is taken for it where a sandbox hides it. */
export function softLimit(libc: Libc, resource: number, whenHidden: number): number {
  try {
    return resourceLimit(libc, resource).soft
  } catch (error) {
    if (error instanceof SystemError) return whenHidden
    throw error
  }
}

/** Sets the soft limit of descriptors. Throws `SystemError` (EINVAL above the hard limit). */
export function setDescriptorLimit(libc: Libc, soft: number, hard: number): void {
  setResourceLimit(libc, RLIMIT_NOFILE, { soft, hard })
}

/** Sets the limit of a resource, which is a RLIMIT constant. Throws `SystemError` (EINVAL above the hard limit). */
export function setResourceLimit(libc: Libc, resource: number, { soft, hard }: ResourceLimit): void {
  const memory = new Memory(layouts.rlimit.size)
  // RLIM_INFINITY: all bits set.
  const word = (limit: number): bigint => (limit === Infinity ? 2n ** 64n - 1n : BigInt(limit))
  memory.view.setBigUint64(layouts.rlimit.offsets.soft, word(soft), true)
  memory.view.setBigUint64(layouts.rlimit.offsets.hard, word(hard), true)
  sys(libc, 'setrlimit', resource, memory.address)
}

/** Raises the soft limit to the hard one, as far as it goes, and returns what it is then. */
export function raiseDescriptorLimit(libc: Libc): DescriptorLimit {
  const limit = descriptorLimit(libc)
  if (limit.soft < limit.hard && Number.isFinite(limit.hard)) {
    setDescriptorLimit(libc, limit.hard, limit.hard)
  }
  return descriptorLimit(libc)
}
