import { setMaxListeners } from 'node:events'
import { availableParallelism } from 'node:os'
import type { BackendName } from '../backends/index.ts'
import { UnsupportedError } from '../errors.ts'
import { probe } from '../probe/index.ts'
import { seededRandom, shuffled } from '../random.ts'
import { sideBySide } from './side-by-side.ts'
import { version } from '../version.ts'
import type { CheckResult } from './check.ts'
import { checksOf, findCheck } from './checks/index.ts'
import { divide } from './division.ts'
import type { Part } from './division.ts'
import { runIsolated } from './isolation.ts'
import { mergeRuns } from './repeats.ts'
import { countOutcomes } from './report.ts'
import type { VerifyReport } from './report.ts'

export interface VerifyOptions {
  readonly backends: readonly BackendName[]
  readonly lib: string | undefined
  /** The ids of the checks to run, as far as they apply to a backend. Default: all. */
  readonly checks?: readonly string[] | undefined
  /** How often each check runs. Default: once. */
  readonly repeat?: number | undefined
  /** Shuffles the order in which the checks run, anew for each repetition. Default: the catalogue's order. */
  readonly seed?: number | undefined
  /** The run ends with the first result for which this is true. */
  readonly stopAt?: ((result: CheckResult) => boolean) | undefined
  /** How long a check may take before it counts as hung. */
  readonly timeoutMs: number
  /** How many processes run checks side by side. Default: three for each processor, and not more than 8. */
  readonly jobs?: number | undefined
  readonly onWarning: (message: string) => void
  /** Called with how many results there are, and how many there will be, if nothing ends the run early. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal: AbortSignal
}

/** Most of the time that checks take they wait, for timeouts, for threads, or for the kernel. */
const JOBS_PER_PROCESSOR = 3

/** A run does not get faster by more processes than this: it is over before they have started. */
const MOST_JOBS = 8

/**
 * Runs the checks that apply. A process runs checks of one backend; some run side by side, and when they have ended,
 * the races run, one process after another. Their results are in the
 * order of the catalogue, whatever the order in which they ran. Throws `UnsupportedError` where none of the
 * backends is there: nothing was verified then.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const startedAt = new Date().toISOString()
  const start = performance.now()
  const { lib, timeoutMs, onWarning, seed } = options
  const jobs = options.jobs ?? Math.min(JOBS_PER_PROCESSOR * availableParallelism(), MOST_JOBS)
  const plan = [...new Set(options.backends)]
    .map((backend) => ({ backend, ids: chosenChecks(backend, options.checks) }))
    .filter(({ ids }) => ids.length > 0)
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  // Each of the processes listens, and Node would take more than ten listeners for a leak.
  setMaxListeners(0, signal)
  const results = new Results()
  const unavailable = new Map<BackendName, string>()
  const parts = divide(
    plan.map(({ backend, ids }) => ({ backend, checks: ids.map((id) => findCheck(id).check) })),
    { jobs, asked: options.jobs !== undefined, repeat: options.repeat },
  )
  const total = parts.reduce((sum, { ids }) => sum + ids.length, 0) * (options.repeat ?? 1)
  const warned = new Set<string>()
  const run = async ({ backend, ids }: Part): Promise<void> =>
    await runIsolated(backend, orderOf(ids, options), {
      lib,
      timeoutMs,
      onWarning(message) {
        // Each process may have the same to say.
        if (!warned.has(message)) onWarning(message)
        warned.add(message)
      },
      signal,
      onResult(result) {
        // What other checks still have to say when the run has ended is not part of it.
        if (stop.signal.aborted) return
        results.add(result)
        options.onProgress?.(results.count, total)
        if (options.stopAt?.(result) === true) stop.abort()
      },
      onUnavailable: (reason) => unavailable.set(backend, reason),
    })
  const [together, alone] = [parts.filter((part) => !part.alone), parts.filter((part) => part.alone)]
  const runAll = async (): Promise<void> => {
    await sideBySide(together, jobs, run, () => stop.abort())
    await sideBySide(alone, 1, run, () => stop.abort())
  }
  // The machine is looked at meanwhile: most of that is waiting for processes, too.
  const [environment] = await bothOf(probe({ lib, backends: options.backends, onWarning }), runAll(), () =>
    stop.abort(),
  )
  // In the order of the plan: which process found out first is chance.
  const reasons = plan.flatMap(({ backend }) => unavailable.get(backend) ?? [])
  if (reasons.length > 0 && reasons.length === plan.length) {
    throw new UnsupportedError('nothing to verify', reasons.join('; '))
  }
  const merged = plan.flatMap(({ backend, ids }) => results.inOrder(backend, ids))
  return {
    schema: 'evloop/verify@1',
    tool: { name: 'evloop', version: version() },
    environment,
    startedAt,
    durationMs: Math.round(performance.now() - start),
    ...(seed === undefined ? {} : { seed }),
    results: merged,
    summary: countOutcomes(merged),
    ...(stop.signal.aborted ? { stopped: true } : {}),
    ...(options.signal.aborted ? { interrupted: true } : {}),
  }
}

/** What both give. When one fails, the other is to stop, and the failure is thrown when it has. */
async function bothOf<A, B>(first: Promise<A>, second: Promise<B>, stop: () => void): Promise<[A, B]> {
  const all = Promise.all([first, second])
  all.catch(stop)
  await Promise.allSettled([first, second])
  return await all
}

/** The checks of a backend that are among those asked for, in the order of the catalogue. */
function chosenChecks(backend: BackendName, asked: readonly string[] | undefined): string[] {
  const wanted = asked && new Set(asked)
  return checksOf(backend).filter((id) => wanted?.has(id) ?? true)
}

/** The ids as often as they are to run, each repetition in an order of its own if there is a seed. */
function orderOf(ids: readonly string[], { repeat = 1, seed }: VerifyOptions): string[] {
  const random = seed === undefined ? undefined : seededRandom(seed)
  return Array.from({ length: repeat }, () => (random === undefined ? ids : shuffled(ids, random))).flat()
}

/** Results as they come, to be put into order when all are there. */
class Results {
  readonly #runs = new Map<string, CheckResult[]>()
  count = 0

  add(result: CheckResult): void {
    this.count++
    const key = keyOf(result.backend, result.id)
    const runs = this.#runs.get(key)
    if (runs === undefined) this.#runs.set(key, [result])
    else runs.push(result)
  }

  /** One result for each of the checks that has any. */
  inOrder(backend: BackendName, ids: readonly string[]): CheckResult[] {
    return ids.flatMap((id) => mergeRuns(this.#runs.get(keyOf(backend, id)) ?? []) ?? [])
  }
}

const keyOf = (backend: BackendName, id: string): string => `${backend} ${id}`
