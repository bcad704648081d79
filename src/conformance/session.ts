import { backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import type { Libc } from '../libc/libc.ts'
import type { CheckResult } from './check.ts'
import { findCheck } from './checks/index.ts'
import { runCheck } from './runner.ts'
import { ThreadPool } from './threads/thread-pool.ts'

/** What is told while checks run. */
export interface SessionObserver {
  readonly onCheck: (id: string) => void
  readonly onStep: (step: string) => void
  readonly onResult: (result: CheckResult) => void
}

/** Runs checks of one backend in this process, one after another, over one pool of threads. */
export function runChecks(
  libc: Libc,
  backend: BackendName,
  ids: readonly string[],
  observer: SessionObserver,
): void {
  const selected = ids.map((id) => ({ id, ...findCheck(id) }))
  const reason = whyUnavailable(libc, backend)
  if (reason !== undefined) {
    for (const { check, family } of selected) {
      const { id, level } = check
      observer.onResult({
        id,
        family: family.name,
        backend,
        level,
        outcome: 'unsupported',
        message: reason,
        durationMs: 0,
      })
    }
    return
  }
  const threads = Math.max(0, ...selected.map(({ check }) => check.threads ?? 0))
  // Started before the first check, so that no check sees descriptors come that are not its own.
  const pool = threads === 0 ? undefined : new ThreadPool(libc.plan, threads)
  for (const { id, check, family } of selected) {
    observer.onCheck(id)
    observer.onResult(runCheck(check, { libc, backend, family: family.name, pool, onStep: observer.onStep }))
  }
  pool?.exit()
}

/** What policy and old kernels answer. Any other error is a backend that is there and does not work. */
const absent = new Set(['ENOSYS', 'EPERM', 'EACCES'])

/** Why a backend is not there at all; undefined if it is to be checked. */
export function whyUnavailable(libc: Libc, backend: BackendName): string | undefined {
  const availability = backends[backend].availability(libc)
  if (availability.available) return undefined
  const { errno, reason } = availability
  return errno === undefined || absent.has(errno) ? `${backend} is not available: ${reason}` : undefined
}
