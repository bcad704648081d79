import type { BackendName } from '../backends/index.ts'
import { UnsupportedError } from '../errors.ts'
import { probe } from '../probe/index.ts'
import { version } from '../version.ts'
import type { CheckResult } from './check.ts'
import { checksOf } from './checks/index.ts'
import { runIsolated } from './isolation.ts'
import { countOutcomes } from './report.ts'
import type { VerifyReport } from './report.ts'

export interface VerifyOptions {
  readonly backends: readonly BackendName[]
  readonly lib: string | undefined
  /** How long a single step may take before it counts as hung. */
  readonly timeoutMs: number
  readonly onWarning: (message: string) => void
  /** Called before the checks of a backend run. */
  readonly onProgress?: (backend: BackendName) => void
  readonly signal: AbortSignal
}

/**
 * Runs every check that applies, one child process per backend, one backend after another. Throws
 * `UnsupportedError` where none of the backends is there: nothing was verified then.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const startedAt = new Date().toISOString()
  const start = performance.now()
  const { backends, lib, timeoutMs, onWarning, signal } = options
  const environment = await probe({ lib, backends, onWarning })
  const results: CheckResult[] = []
  const unavailable = new Map<BackendName, string>()
  for (const backend of backends) {
    options.onProgress?.(backend)
    await runIsolated(backend, checksOf(backend), {
      lib,
      timeoutMs,
      onWarning,
      signal,
      onResult: (result) => results.push(result),
      onUnavailable: (reason) => unavailable.set(backend, reason),
    })
  }
  if (unavailable.size > 0 && backends.every((backend) => unavailable.has(backend))) {
    throw new UnsupportedError('nothing to verify', [...unavailable.values()].join('; '))
  }
  return {
    schema: 'evloop/verify@1',
    tool: { name: 'evloop', version: version() },
    environment,
    startedAt,
    durationMs: Math.round(performance.now() - start),
    results,
    summary: countOutcomes(results),
    ...(signal.aborted ? { interrupted: true } : {}),
  }
}
