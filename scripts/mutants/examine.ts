/** Builds mutants, and has verify look at them. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BackendName } from '../../src/backends/index.ts'
import type { CheckResult } from '../../src/conformance/check.ts'
import { checksOf } from '../../src/conformance/checks/index.ts'
import { runIsolated } from '../../src/conformance/isolation.ts'
import { matchingIds } from '../../src/conformance/selection.ts'
import type { Examination } from './judge.ts'

/** glibc says of poll that it only writes to its array, and then warns of a poll of ours that reads it. */
const FLAGS = ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-Wno-maybe-uninitialized'] as const

/** How long a single step may take: longer than any wait of a check. */
const STEP_MS = 15_000

/** Compiles a library into a directory and returns where it is. */
export async function compileLibrary(source: string, name: string, directory: string): Promise<string> {
  const path = join(directory, `${name}.so`)
  await promisify(execFile)('cc', [...FLAGS, '-o', path, source, '-ldl'])
  return path
}

/** Runs the checks that fit one of the patterns with a library in front of libc. */
export async function examine(
  lib: string,
  backends: readonly BackendName[],
  patterns: readonly string[],
): Promise<Examination> {
  const start = performance.now()
  const results: CheckResult[] = []
  const complaints: string[] = []
  const complain = (message: string): number => complaints.push(message)
  for (const backend of backends) {
    const all = checksOf(backend)
    const chosen = new Set(patterns.flatMap((pattern) => matchingIds(pattern, all)))
    const ids = all.filter((id) => chosen.has(id))
    try {
      await runIsolated(backend, ids, {
        lib,
        timeoutMs: STEP_MS,
        onResult: (result) => results.push(result),
        onUnavailable: complain,
        onWarning: complain,
      })
    } catch (error) {
      complain(String(error))
    }
  }
  return { results, complaints, durationMs: performance.now() - start }
}
