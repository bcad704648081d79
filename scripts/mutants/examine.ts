/** Builds libraries, and has verify look at them. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BackendName } from '../../src/backends/index.ts'
import type { CheckResult } from '../../src/conformance/check.ts'
import { checksOf } from '../../src/conformance/checks/index.ts'
import { runIsolated } from '../../src/conformance/isolation.ts'
import type { VerifyReport } from '../../src/conformance/report.ts'
import { entryPoint } from '../../src/entry-point.ts'
import type { Examination } from './judge.ts'

const run = promisify(execFile)

/** glibc says of poll that it only writes to its array, and then warns of a poll of ours that reads it. */
const FLAGS = ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-Wno-maybe-uninitialized'] as const

/** How long a single step may take: longer than any wait of a check. */
const STEP_MS = 15_000

/** A report of all checks has some hundred kilobytes. */
const MOST_OUTPUT = 64 * 2 ** 20

/** Compiles a library into a directory and returns where it is. */
export async function compileLibrary(source: string, name: string, directory: string): Promise<string> {
  const path = join(directory, `${name}.so`)
  await run('cc', [...FLAGS, '-o', path, source, '-ldl', '-pthread'])
  return path
}

/**
 * Runs the checks that are chosen with a library in front of libc, in child processes as verify does. Without the
 * command around it, which probes the whole machine first, because there are so many libraries.
 */
export async function examine(
  lib: string,
  backends: readonly BackendName[],
  choose: (ids: readonly string[]) => readonly string[],
): Promise<Examination> {
  const start = performance.now()
  const results: CheckResult[] = []
  const complaints: string[] = []
  const complain = (message: string): number => complaints.push(message)
  for (const backend of backends) {
    try {
      await runIsolated(backend, choose(checksOf(backend)), {
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

/** Runs `evloop verify --lib`, with every check. */
export async function examineWhole(lib: string, backends: readonly BackendName[]): Promise<Examination> {
  const start = performance.now()
  const args = [entryPoint('bin/evloop'), 'verify', '-b', backends.join(','), '-f', 'json', '--lib', lib]
  const complaints: string[] = []
  // It exits with 1 where it found something.
  const { stdout, stderr, code } = await run(process.execPath, args, { maxBuffer: MOST_OUTPUT }).then(
    (output) => ({ ...output, code: 0 as unknown }),
    (error: { stdout?: string; stderr?: string; code?: unknown }) => ({
      stdout: error.stdout ?? '',
      stderr: error.stderr ?? '',
      code: error.code,
    }),
  )
  if (code !== 0 && code !== 1) complaints.push(`verify exits with ${String(code)}`)
  if (stderr !== '') complaints.push(`verify complains: ${stderr.trim()}`)
  const results = stdout === '' ? [] : (JSON.parse(stdout) as VerifyReport).results
  return { results, complaints, durationMs: performance.now() - start }
}
