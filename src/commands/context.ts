import { statSync } from 'node:fs'
import { backendNames, usualBackendNames } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { UsageError } from '../errors.ts'
import { bindingNames, chooseBinding } from '../libc/libc.ts'
import { formatNamesOf, loadFormat } from '../report/formats/index.ts'
import type { Reporter } from '../report/formats/index.ts'
import type { Format, FormatOptions } from '../report/format.ts'
import { makeStyle } from '../report/style.ts'
import { printable } from '../report/text.ts'
import { chooseName, chooseNames } from './choose.ts'
import type { CommonOptions } from './options.ts'
import { assertWritable, writeOutput } from './output.ts'
import { makeProgress } from './progress.ts'
import type { Progress } from './progress.ts'

/** What a command works with: its common options, checked, and ways to speak to the user. */
export interface CommandContext<R extends Reporter> {
  /** Those that were asked for, or all that there could be. */
  readonly backends: readonly BackendName[]
  /** Those that were asked for, or all that are here at all: what is run where nobody names a backend. */
  candidates(): Promise<readonly BackendName[]>
  readonly lib: string | undefined
  readonly progress: Progress
  /** Says something on stderr, unless told to be quiet. */
  warn(message: string): void
  /** Renders a report and writes it to stdout or to the file asked for. */
  write(render: (format: Pick<Format, R>, options: FormatOptions) => string): void
}

/** Checks the common options of a command before anything is measured, and applies `--ffi`. Throws `UsageError`. */
export async function makeContext<R extends Reporter>(
  command: R,
  options: CommonOptions,
): Promise<CommandContext<R>> {
  const backends = chooseNames('backend', options.backend ?? usualBackendNames, backendNames)
  const format = await loadFormat(
    chooseName(command === 'list' ? 'list format' : 'format', options.format, formatNamesOf(command)),
    command,
  )
  const { output, lib, ffi } = options
  if (ffi !== undefined) chooseBinding(chooseName('binding', ffi, bindingNames))
  if (lib !== undefined) assertFile(lib)
  if (output !== undefined) assertWritable(output)
  const quiet = options.quiet === true
  const progress = makeProgress(process.stderr, quiet)
  return {
    backends,
    async candidates() {
      if (options.backend !== undefined) return backends
      const { findCandidates } = await import('../probe/candidates.ts')
      return await findCandidates(lib)
    },
    lib,
    progress,
    warn(message) {
      if (quiet) return
      progress.clear()
      process.stderr.write(`evloop: ${printable(message)}\n`)
    },
    write(render) {
      progress.clear()
      const style = makeStyle(wantsColor(options))
      writeOutput(output, render(format, { style, verbose: options.verbose === true }))
    },
  }
}

/** Throws `UsageError` for what says how native functions are called, in a command that calls none. */
export function refuseNativeOptions(command: string, options: CommonOptions): void {
  for (const name of ['lib', 'ffi'] as const) {
    if (options[name] === undefined) continue
    throw new UsageError(`--${name} is of no use here: ${command} runs nothing`)
  }
}

function assertFile(lib: string): void {
  const found = statSync(lib, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`--lib ${lib}: there is no such file`)
  if (!found.isFile()) throw new UsageError(`--lib ${lib}: it is not a file`)
}

/** The flag decides, then NO_COLOR (no-color.org), then whether a person is looking. */
function wantsColor({ color, output }: CommonOptions): boolean {
  if (color !== undefined) return color
  if ((process.env['NO_COLOR'] ?? '') !== '') return false
  return output === undefined && process.stdout.isTTY
}
