import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { VerifyReport } from '../conformance/report.ts'
import { entryPoint } from '../entry-point.ts'
import type { BenchReport } from '../measure/report.ts'

/** The program as it is installed. The test command has built it. */
const evloopPath = entryPoint('bin/evloop')

/** How a run of the program ended, and what it wrote. */
export interface Run {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Variables to add to the environment, or, undefined, to leave out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A program, with its arguments, that is to start evloop: `['prlimit', '--nofile=64']`. */
  readonly through?: readonly string[]
  /** Leads a process group of its own, as it does when a shell starts it. */
  readonly group?: boolean
  /** Called when it runs. */
  readonly onStart?: (child: ChildProcess) => void
}

/** Runs `evloop`, and resolves when it has ended. */
export async function runEvloop(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return await run([...(options.through ?? []), process.execPath, evloopPath, ...args], options)
}

/** Runs a shell command line in which `$EVLOOP` is the program. */
export async function runShell(line: string): Promise<Run> {
  return await run(['sh', '-c', line], { env: { EVLOOP: `${process.execPath} ${evloopPath}` } })
}

async function run([program = '', ...args]: readonly string[], options: RunOptions): Promise<Run> {
  // What the terminal of whoever runs the tests is like must not matter.
  const environment = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ...options.env }
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
    detached: options.group === true,
  })
  options.onStart?.(child)
  const ended = new Promise<Pick<Run, 'exitCode' | 'signal'>>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  // A test that closes a stream early does not want to know what came through it.
  const all = [child.stdout, child.stderr].map((stream) => text(stream).catch(() => ''))
  const [end, stdout = '', stderr = ''] = await Promise.all([ended, ...all])
  return { ...end, stdout, stderr }
}

/** The one JSON document that a run wrote to stdout. */
export const verifyReportOf = ({ stdout }: Run): VerifyReport => JSON.parse(stdout) as VerifyReport
export const benchReportOf = ({ stdout }: Run): BenchReport => JSON.parse(stdout) as BenchReport
