import type { BackendName } from '../backends/index.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorLimit } from '../libc/limits.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { atOnce } from './at-once.ts'
import type { SeldomWaiting } from './at-once.ts'
import type { CheckResult } from './check.ts'
import type { KnownCheck } from './checks/index.ts'
import { runCheck } from './runner.ts'
import { Surroundings } from './surroundings/surroundings.ts'
import { ThreadPool } from './threads/thread-pool.ts'
import { whyUnavailable } from './unavailable.ts'

/** What is told while checks run. */
export interface SessionObserver {
  /** The backend is not there at all: every check will be unsupported for this reason. */
  readonly onUnavailable: (reason: string) => void
  /** The first check is about to begin: what they all need has started. */
  readonly onReady: () => void
  readonly onCheck: (id: string) => void
  readonly onStep: (step: string) => void
  /** What the result of the running check will be, if this process lives to tidy up after it. */
  readonly onFailure: (result: CheckResult) => void
  readonly onResult: (result: CheckResult) => void
}

/**
 * Runs checks of one backend in this process, one after another, over one pool of threads, unless there is a reason to
 * start none. All is done when this returns, unless one of the checks is asynchronous: then there is a promise.
 */
export function runChecks(
  libc: Libc,
  backend: BackendName,
  selected: readonly KnownCheck[],
  observer: SessionObserver,
  noThreads?: string,
): void | Promise<void> {
  return atOnce(checkAll(libc, backend, selected, observer, noThreads))
}

function* checkAll(
  libc: Libc,
  backend: BackendName,
  selected: readonly KnownCheck[],
  observer: SessionObserver,
  noThreads?: string,
): SeldomWaiting<void> {
  const reason = whyUnavailable(libc, backend)
  if (reason !== undefined) {
    observer.onUnavailable(reason)
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
  const wanted = noThreads === undefined ? Math.max(0, ...selected.map(({ check }) => check.threads ?? 0)) : 0
  // Started before the first check, so that no check sees descriptors come that are not its own.
  const pool = new ThreadPool(libc.plan, Math.min(wanted, roomForThreads(libc)))
  if (selected.some(({ check: { kind } }) => kind === 'thread' || kind === 'race')) openStreams()
  using surroundings = new Surroundings(libc, { settleMs: backend === 'kqueue' ? SETTLE_MS : 0 })
  observer.onReady()
  for (const { check, family } of selected) {
    observer.onCheck(check.id)
    const context = { libc, backend, family: family.name, pool, noThreads, surroundings, ...observer }
    observer.onResult(yield* runCheck(check, context))
  }
  pool.exit()
}

/** Node opens descriptors for them when they are first looked at, which each start of a thread does. */
function openStreams(): void {
  for (const name of ['stdout', 'stderr'] as const) void process[name]
}

/** How long a library that is a kqueue may take to close what a check has left it to close. */
const SETTLE_MS = 2000

/** A thread of Node has an epoll, an eventfd and a few more descriptors of its own: 4 in Node 20, 5 in Node 26. */
const DESCRIPTORS_PER_THREAD = 5

/** What is left for the checks. One that needs many more says so itself. */
const DESCRIPTORS_FOR_CHECKS = 18

/** How many threads the limit of descriptors allows. With one too many, Node would end the process. */
function roomForThreads(libc: Libc): number {
  const free = descriptorLimit(libc).soft - openDescriptors(libc).size - DESCRIPTORS_FOR_CHECKS
  return Math.max(0, Math.floor(free / DESCRIPTORS_PER_THREAD))
}
