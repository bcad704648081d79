/** Which backends are not there at all, as opposed to there and not working. */
import { release as kernelRelease } from 'node:os'
import { backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import type { Libc } from '../libc/libc.ts'
import { compareReleases } from './operations/environment.ts'

/** What policy and old kernels answer. Any other error is a backend that is there and does not work. */
const absent = new Set(['ENOSYS', 'EPERM', 'EACCES'])

/** Why a backend is not there at all; undefined if it is to be checked. */
export function whyUnavailable(libc: Libc, backend: BackendName): string | undefined {
  const availability = backends[backend].availability(libc)
  if (availability.available) return undefined
  const { errno, reason, broken = false } = availability
  const text = `${backend} is not available: ${reason}`
  if (!broken && (errno === undefined || absent.has(errno))) return text
  const release = kernelRelease()
  if (!isTooOldFor(backend, release)) return undefined
  return `${text}; it needs Linux ${since[backend]}, and this is ${release}`
}

/**
 * The Linux that a backend needs. One that says that it is older has a part of it under the same name, and does not
 * claim more: gVisor, as 4.4, has rings that take a request or two.
 */
const since: Readonly<Partial<Record<BackendName, string>>> = { io_uring: '5.13' }

/** Whether a backend that does not work was not to be expected of a kernel. */
export function isTooOldFor(backend: BackendName, release: string): boolean {
  const needed = since[backend]
  return needed !== undefined && compareReleases(release, needed) < 0
}
