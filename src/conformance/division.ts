/** Dividing checks among processes that run side by side. Pure: what is known of the checks is given. */
import type { BackendName } from '../backends/index.ts'
import { seededRandom, shuffled } from '../random.ts'
import type { Check, Kind } from './check.ts'

/** Checks of one backend that one process runs. */
export interface Part {
  readonly backend: BackendName
  /** In the order of the catalogue, or those that wait for time first, and then the others in that order. */
  readonly ids: readonly string[]
  /** Nothing else may run meanwhile: what races needs its processors for itself. */
  readonly alone: boolean
}

/** What is to be checked of one backend. */
export interface BackendChecks {
  readonly backend: BackendName
  readonly checks: readonly Pick<Check, 'id' | 'kind' | 'threads' | 'takesMs'>[]
}

/** How long a check takes, more or less. Only the proportions matter. */
const usualMs: Readonly<Record<Kind, number>> = { det: 4, time: 20, thread: 11, race: 280 }

/** How long a process takes to start a thread for checks. */
const THREAD_START_MS = 40

/** A process is worth its start, for which it takes some hundred milliseconds, if it has so much to do. */
const WORTHWHILE_MS = 2500

/** A run is divided in the same way every time. */
const SEED = 1

/**
 * Checks with more threads than this are all in one part: each part has to start the threads that it needs. All that
 * need any are, if they are no more than what a part has to do. Where just so many parts were asked for, they may come
 * to all.
 */
const FEW_THREADS = 2
const FEW_THREADS_WHERE_ASKED = 4

export interface DivisionOptions {
  /** How many processes there are to run side by side. */
  readonly jobs: number
  /**
   * Somebody has asked for just so many, and gets them. Where most checks fail, most of their time is waiting for what
   * does not come, and more processes wait for more of it at once.
   */
  readonly asked?: boolean
  /** How often each check runs. */
  readonly repeat?: number | undefined
}

/**
 * Divides the checks into parts of about the same length, at most `jobs` for each backend and, unless just so many
 * were asked for, none that is not worth its start; the races of a backend are one more. The longest come first. Every
 * second part begins with what does nothing but wait, so that not all of them do that at the same time.
 */
export function divide(
  plan: readonly BackendChecks[],
  { jobs, asked = false, repeat = 1 }: DivisionOptions,
): Part[] {
  const shape = { least: asked ? Math.ceil(jobs / plan.length) : 1, most: jobs, repeat, asked }
  const loads = plan.flatMap(({ backend, checks }) => {
    const races = checks.filter(({ kind }) => kind === 'race')
    const others = checks.filter(({ kind }) => kind !== 'race')
    return [
      ...spread(others, shape).map((load) => ({ ...load, backend, alone: false })),
      ...spread(races, { ...shape, least: 1, most: 1 }).map((load) => ({ ...load, backend, alone: true })),
    ]
  })
  const waiting = new Set(
    plan.flatMap(({ checks }) => checks.filter(({ kind }) => kind === 'time').map(({ id }) => id)),
  )
  return loads
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ backend, ids, alone }, i) => ({ backend, ids: i % 2 === 0 ? ids : firstOf(ids, waiting), alone }))
}

/** Those first that are in the set. */
function firstOf(ids: readonly string[], set: ReadonlySet<string>): string[] {
  return [...ids.filter((id) => set.has(id)), ...ids.filter((id) => !set.has(id))]
}

type Divisible = BackendChecks['checks'][number]

/** How many parts there may be, and what they may have in them. */
interface Shape {
  readonly least: number
  readonly most: number
  readonly repeat: number
  readonly asked: boolean
}

interface Load {
  readonly ids: readonly string[]
  /** Milliseconds, or just a count: only the proportions matter. */
  readonly ms: number
}

function msOf({ kind, takesMs = usualMs[kind] }: Divisible): number {
  return takesMs
}

/** Gives each check, the longest first, to the part that has the least to do. */
function spread(checks: readonly Divisible[], { least, most, repeat, asked }: Shape): Load[] {
  const total = checks.reduce((sum, check) => sum + msOf(check) * repeat, 0)
  const count = Math.max(1, least, Math.min(most, Math.round(total / WORTHWHILE_MS)))
  const parts = Array.from({ length: count }, () => ({ chosen: new Set<string>(), threads: 0, ms: 0 }))
  // Neighbours are alike, every second one more so: in their order, all that wait in vain may come to one part.
  const byLength = shuffled(checks, seededRandom(SEED)).toSorted(
    (a, b) => (b.threads ?? 0) - (a.threads ?? 0) || msOf(b) - msOf(a),
  )
  const inThreads = checks.reduce((sum, check) => sum + ((check.threads ?? 0) > 0 ? msOf(check) : 0), 0)
  const isFew = inThreads * repeat <= total / count
  const fewThreads = asked ? FEW_THREADS_WHERE_ASKED : isFew ? 0 : FEW_THREADS
  for (const check of byLength) {
    const { id, threads = 0 } = check
    const isForFirst = threads > fewThreads
    const candidates = isForFirst ? parts.slice(0, 1) : parts
    // How long checks take that wait in vain has nothing to do with how long they usually take: then all count alike.
    const costIn = (part: (typeof parts)[number]): number =>
      asked
        ? part.ms + (isForFirst ? 0 : 1)
        : part.ms + msOf(check) * repeat + Math.max(0, threads - part.threads) * THREAD_START_MS
    const part = candidates.reduce((best, other) => (costIn(other) < costIn(best) ? other : best))
    part.ms = costIn(part)
    part.threads = Math.max(part.threads, threads)
    part.chosen.add(id)
  }
  return parts
    .filter(({ chosen }) => chosen.size > 0)
    .map(({ chosen, ms }) => ({ ids: checks.map(({ id }) => id).filter((id) => chosen.has(id)), ms }))
}
