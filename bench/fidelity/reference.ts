/** The hand-written C: compiled, started, and driven by lines of text. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { MeasurementError, UnsupportedError } from '../../src/errors.ts'
import { packageRoot } from '../../src/package-root.ts'
import type { Figure, Side, SideOptions } from './side.ts'

const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread']

/** The part of a batch that comes before it, untimed, as it is for evloop's own batches. */
const WARMUP = 0.05

/** Compiles `bench/reference` into a directory and returns the program's path. Throws `UnsupportedError`. */
export async function compileReference(directory: string): Promise<string> {
  const source = join(packageRoot(), 'bench', 'reference')
  const files = readdirSync(source)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(source, name))
  const program = join(directory, 'reference')
  try {
    await promisify(execFile)('cc', [...FLAGS, '-o', program, ...files])
  } catch (error) {
    throw new UnsupportedError('the reference', `it does not compile: ${String(error)}`)
  }
  return program
}

/** A running reference. Between batches it is blocked in a read. */
export class Reference implements Side {
  readonly mostCycles = Infinity
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: AsyncIterator<string>
  readonly #exit: Promise<unknown>
  #complaint = ''

  private constructor(program: string, { workload, backend, fds, cpus }: SideOptions) {
    const pinning = cpus.length > 0 ? ['--cpu', cpus.slice(0, 2).join(',')] : []
    this.#child = spawn(program, [workload, backend, String(fds), ...pinning], { stdio: 'pipe' })
    this.#exit = new Promise((resolve) => {
      this.#child.once('close', resolve)
    })
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint += chunk.toString()
    })
    // Its end shows as the end of its output; what cannot be written to it then needs no report of its own.
    this.#child.stdin.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Starts one. Rejects with `MeasurementError` where it cannot set up. */
  static async open(program: string, options: SideOptions): Promise<Reference> {
    const reference = new Reference(program, options)
    await reference.#line()
    return reference
  }

  async run(cycles: number): Promise<Figure> {
    this.#child.stdin.write(`${cycles} ${Math.max(1, Math.round(cycles * WARMUP))}\n`)
    const [ns = NaN, , switches = 0] = (await this.#line()).split(' ').map(Number)
    return { ns, disturbed: switches > 0 }
  }

  async close(): Promise<void> {
    this.#child.stdin.end()
    await this.#exit
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done !== true) return value
    await this.#exit
    throw new MeasurementError(this.#complaint.trim() || 'the reference ended without a word')
  }
}
