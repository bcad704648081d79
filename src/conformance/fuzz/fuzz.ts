import { availableParallelism } from 'node:os'
import type { BackendName } from '../../backends/index.ts'
import { clampDelayMs } from '../../child-process.ts'
import { UnsupportedError } from '../../errors.ts'
import { probe } from '../../probe/index.ts'
import { version } from '../../version.ts'
import { observationText } from '../scenarios/observation.ts'
import { scenarioOf } from './counterexample.ts'
import { hunt } from './hunt.ts'
import type { Hunt } from './hunt.ts'
import type { FuzzProgress } from './messages.ts'
import type { FuzzReport, FuzzResult, UsedRule } from './report.ts'
import { rules } from './rules.ts'

export interface FuzzOptions {
  readonly backends: readonly BackendName[]
  readonly lib: string | undefined
  readonly seed: number
  /** How many programs each backend plays. Undefined: for as long as it may. */
  readonly runs: number | undefined
  /** How long each backend may take. */
  readonly durationMs: number | undefined
  readonly jobs: number | undefined
  readonly stepMs: number
  readonly onWarning: (message: string) => void
  readonly onProgress: (backend: BackendName, programs: number, elapsedMs: number) => void
  readonly signal: AbortSignal
}

/** More of them are no faster: each plays at the speed of a processor. */
const MOST_JOBS = 8

/**
 * Plays random programs on each backend and on the model, and finds the first that does not give the same. Throws
 * `UnsupportedError` where none of the backends can be used.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const startedAt = new Date().toISOString()
  const start = performance.now()
  const { lib, seed, onWarning } = options
  const environment = await probe({ lib, backends: options.backends, onWarning })
  const results: FuzzResult[] = []
  for (const backend of options.backends) {
    if (options.signal.aborted) break
    // One after another: each has the whole machine, and its figure of programs a second is its own.
    results.push(await fuzzOne(backend, options))
  }
  const reasons = results.flatMap(({ unsupported }) => unsupported ?? [])
  if (reasons.length > 0 && reasons.length === results.length) {
    throw new UnsupportedError('nothing to play programs on', reasons.join('; '))
  }
  return {
    schema: 'evloop/fuzz@1',
    tool: { name: 'evloop', version: version() },
    environment,
    startedAt,
    durationMs: Math.round(performance.now() - start),
    seed,
    results,
    ...(options.signal.aborted ? { interrupted: true } : {}),
  }
}

async function fuzzOne(backend: BackendName, options: FuzzOptions): Promise<FuzzResult> {
  const { lib, seed, runs, durationMs, stepMs } = options
  const start = performance.now()
  const over = durationMs === undefined ? undefined : AbortSignal.timeout(clampDelayMs(durationMs))
  const found = await hunt({
    backend,
    lib,
    seed,
    runs,
    jobs: options.jobs ?? Math.min(availableParallelism(), MOST_JOBS),
    stepMs,
    onProgress: (shares) => options.onProgress(backend, programsIn(shares), performance.now() - start),
    over,
    signal: options.signal,
  })
  return {
    backend,
    programs: programsIn(found.shares),
    steps: found.shares.reduce((sum, { steps }) => sum + steps, 0),
    durationMs: Math.round(performance.now() - start),
    rules: rulesUsed(found.shares),
    ...differenceOf(found, backend, seed),
    ...(found.unavailable === undefined ? {} : { unsupported: found.unavailable }),
  }
}

function differenceOf({ found }: Hunt, backend: BackendName, seed: number): Pick<FuzzResult, 'difference'> {
  if (found === undefined) return {}
  const { index, foundSteps, difference } = found
  const { actual, expected, why } = difference
  return {
    difference: {
      program: index,
      actual: observationText(actual),
      expected: observationText(expected),
      ...(why === undefined ? {} : { why }),
      foundSteps,
      scenario: scenarioOf(difference, { backend, seed, index }),
    },
  }
}

const programsIn = (shares: readonly FuzzProgress[]): number =>
  shares.reduce((sum, { programs }) => sum + programs, 0)

function rulesUsed(shares: readonly FuzzProgress[]): UsedRule[] {
  return rules.flatMap(({ id, reason, source }) => {
    const times = shares.reduce((sum, share) => sum + (share.rules[id] ?? 0), 0)
    return times === 0 ? [] : [{ id, times, reason, source }]
  })
}
