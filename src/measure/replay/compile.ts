/** Compiles the replayer with the C compilers of this machine. */
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { codeOf } from './file-error.ts'
import { whyUnfit } from './host.ts'
import type { Environment } from './places.ts'

/** How it is compiled on a user's machine, where a warning that only a newer compiler knows must not matter. */
export const FLAGS = ['-O2', '-shared', '-fPIC', '-pthread', '-Wall', '-Wextra'] as const

/** How it is compiled for the package. */
export const STRICT_FLAGS = [...FLAGS, '-Werror'] as const

/** How long a compiler may take. It needs half a second. */
const TIMEOUT_MS = 30_000

export interface CompileOptions {
  readonly source: Buffer
  /** Where the compiler works and leaves its result: a directory that is empty, and that only we can write to. */
  readonly directory: string
  readonly env: Environment
  readonly flags: readonly string[]
  readonly timeoutMs?: number | undefined
}

export type Compiled =
  | { readonly path: string; readonly bytes: Buffer; readonly compiler: string }
  /** What each compiler said. */
  | { readonly reason: string }

/**
 * Compiles the replayer to a shared library with the first compiler that can: `$CC`, which may have arguments,
 * separated by blanks, then cc, gcc and clang. No shell is involved.
 */
export function compileReplayer(options: CompileOptions): Compiled {
  const failures: string[] = []
  for (const command of compilersOf(options.env)) {
    const result = compileWith(command, options)
    if ('bytes' in result) return result
    failures.push(`${command.join(' ')}: ${result.reason}`)
  }
  return { reason: failures.join('; ') }
}

function compilersOf(env: Environment): (readonly string[])[] {
  const { CC: chosen = '' } = env
  const words = chosen.split(/\s+/).filter((word) => word !== '')
  return [...(words.length > 0 ? [words] : []), ['cc'], ['gcc'], ['clang']]
}

function compileWith(command: readonly string[], options: CompileOptions): Compiled {
  const { source, directory, env, flags, timeoutMs = TIMEOUT_MS } = options
  const [program = '', ...args] = command
  const path = join(directory, 'replay.so')
  // The compiler works in a directory of ours. What it writes into others, and a relative entry of PATH, could
  // be someone else's. The source comes through a pipe, so that it is the one whose hash is known.
  const run = spawnSync(
    program.includes('/') ? resolve(program) : program,
    [...args, ...flags, '-x', 'c', '-', '-o', path],
    {
      cwd: directory,
      env: { ...env, TMPDIR: directory, LC_ALL: 'C' },
      input: source,
      stdio: ['pipe', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    },
  )
  const failure = whyFailed(run, timeoutMs)
  if (failure !== undefined) return { reason: failure }
  try {
    const bytes = readFileSync(path)
    // The umask may have left it writable, or not executable.
    chmodSync(path, 0o700)
    const unfit = whyUnfit(bytes)
    return unfit === undefined
      ? { path, bytes, compiler: command.join(' ') }
      : { reason: `what it made is not used: ${unfit}` }
  } catch (error) {
    return { reason: `it made no file (${codeOf(error)})` }
  }
}

function whyFailed(run: ReturnType<typeof spawnSync>, timeoutMs: number): string | undefined {
  const { error, status, signal, stderr } = run
  if (error !== undefined) {
    const code = codeOf(error)
    if (code === 'ENOENT') return 'not found'
    if (code === 'ETIMEDOUT') return `not done after ${timeoutMs / 1000} s`
    // A compiler that does not read its input may be gone before that is written; it has said why.
    if (code !== 'EPIPE' || status === 0) return code
  }
  if (status === 0) return undefined
  return firstError(String(stderr)) ?? `it ended with ${signal ?? `exit code ${status}`}`
}

/** The first line that tells of an error, else the first one, without what could control a terminal. */
function firstError(text: string): string | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trim())
    .filter((line) => line !== '')
  return lines.find((line) => /\berror\b/i.test(line)) ?? lines[0]
}
