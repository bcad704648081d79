/** Dividing checks among processes that run side by side. Pure: what is known of the checks is given. */
import type { BackendName } from '../backends/index.ts'
import type { Check, Kind } from './check.ts'

/** Checks of one backend that one process runs. */
export interface Part {
  readonly backend: BackendName
  /** In the order of the catalogue. */
  readonly ids: readonly string[]
  /** Nothing else may run meanwhile: what races needs its processors for itself. */
  readonly alone: boolean
}

/** What is to be checked of one backend. */
export interface BackendChecks {
  readonly backend: BackendName
  readonly checks: readonly Pick<Check, 'id' | 'kind' | 'threads'>[]
}

/** How long a check takes, more or less. Only the proportions matter. */
const usualMs: Readonly<Record<Kind, number>> = { det: 4, time: 20, thread: 11, race: 280 }

/** How long a process takes to start a thread for checks. */
const THREAD_START_MS = 40

/** A process is worth its start, for which it takes some hundred milliseconds, if it has so much to do. */
const WORTHWHILE_MS = 2000

/** Checks with more threads than this are all in one part: each part has to start the threads that it needs. */
const FEW_THREADS = 2

/**
 * Divides the checks, each of which runs so often, into parts of about the same length, at most `jobs` for each
 * backend, and the races of a backend in one more. The longest come first.
 */
export function divide(plan: readonly BackendChecks[], jobs: number, repeat = 1): Part[] {
  const loads = plan.flatMap(({ backend, checks }) => {
    const races = checks.filter(({ kind }) => kind === 'race')
    const others = checks.filter(({ kind }) => kind !== 'race')
    return [
      ...spread(others, jobs, repeat).map((load) => ({ ...load, backend, alone: false })),
      ...spread(races, 1, repeat).map((load) => ({ ...load, backend, alone: true })),
    ]
  })
  return loads.toSorted((a, b) => b.ms - a.ms).map(({ backend, ids, alone }) => ({ backend, ids, alone }))
}

type Divisible = BackendChecks['checks'][number]

interface Load {
  readonly ids: readonly string[]
  readonly ms: number
}

/** Gives each check, the longest first, to the part that has the least to do. */
function spread(checks: readonly Divisible[], jobs: number, repeat: number): Load[] {
  const total = checks.reduce((sum, { kind }) => sum + usualMs[kind] * repeat, 0)
  const count = Math.max(1, Math.min(jobs, Math.round(total / WORTHWHILE_MS)))
  const parts = Array.from({ length: count }, () => ({ chosen: new Set<string>(), threads: 0, ms: 0 }))
  const byLength = checks.toSorted(
    (a, b) => (b.threads ?? 0) - (a.threads ?? 0) || usualMs[b.kind] - usualMs[a.kind],
  )
  for (const { id, kind, threads = 0 } of byLength) {
    const candidates = threads > FEW_THREADS ? parts.slice(0, 1) : parts
    const costIn = (part: (typeof parts)[number]): number =>
      part.ms + usualMs[kind] * repeat + Math.max(0, threads - part.threads) * THREAD_START_MS
    const part = candidates.reduce((best, other) => (costIn(other) < costIn(best) ? other : best))
    part.ms = costIn(part)
    part.threads = Math.max(part.threads, threads)
    part.chosen.add(id)
  }
  return parts
    .filter(({ chosen }) => chosen.size > 0)
    .map(({ chosen, ms }) => ({ ids: checks.map(({ id }) => id).filter((id) => chosen.has(id)), ms }))
}
