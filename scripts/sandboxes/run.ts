import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { VerifyReport } from '../../src/conformance/report.ts'
import { entryPoint } from '../../src/entry-point.ts'
import type { Prepared } from './sandbox.ts'

/** Whatever takes longer hangs. */
const LONGEST_MS = 600_000

/** Runs `evloop verify` in a sandbox, and returns its report. Throws where there is none. */
export async function verifyIn({ node, env }: Prepared, args: readonly string[]): Promise<VerifyReport> {
  const [program = '', ...before] = node
  const child = spawn(program, [...before, entryPoint('bin/evloop'), 'verify', '--format', 'json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const [output, end] = await Promise.all([text(child.stdout), ended])
  try {
    return JSON.parse(output) as VerifyReport
  } catch {
    throw new Error(`it has written no report: ${end}`)
  }
}
