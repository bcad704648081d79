import { statSync } from 'node:fs'
import { backendNames } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { UsageError } from '../errors.ts'
import { formatNames, formats } from '../report/formats/index.ts'
import type { Format, FormatOptions } from '../report/format.ts'
import { makeStyle } from '../report/style.ts'
import { printable } from '../report/text.ts'
import { chooseName, chooseNames } from './choose.ts'
import type { CommonOptions } from './options.ts'
import { assertWritable, writeOutput } from './output.ts'
import { makeProgress } from './progress.ts'
import type { Progress } from './progress.ts'
import type { CatalogueReport } from '../conformance/catalogue-report.ts'

/** What a command works with: its common options, checked, and ways to speak to the user. */
export interface CommandContext {
  readonly backends: readonly BackendName[]
  readonly lib: string | undefined
  readonly progress: Progress
  /** Says something on stderr, unless told to be quiet. */
  warn(message: string): void
  /** Renders a report and writes it to stdout or to the file asked for. */
  write(render: (format: Format, options: FormatOptions) => string): void
  /** Writes what checks there are. Throws `UsageError` where the format is for results alone. */
  writeCatalogue(how: 'list' | 'explain', report: CatalogueReport): void
}

/** Checks the common options before anything is measured. Throws `UsageError`. */
export async function makeContext(options: CommonOptions): Promise<CommandContext> {
  const backends = chooseNames('backend', options.backend, backendNames)
  const format = await formats[chooseName('format', options.format, formatNames)]()
  const { output, lib } = options
  if (lib !== undefined) assertFile(lib)
  if (output !== undefined) assertWritable(output)
  const quiet = options.quiet === true
  const progress = makeProgress(process.stderr, quiet)
  const write: CommandContext['write'] = (render) => {
    progress.clear()
    const style = makeStyle(wantsColor(options))
    writeOutput(output, render(format, { style, verbose: options.verbose === true }))
  }
  return {
    backends,
    lib,
    progress,
    warn(message) {
      if (quiet) return
      progress.clear()
      process.stderr.write(`evloop: ${printable(message)}\n`)
    },
    write,
    writeCatalogue(how, report) {
      const render = format[how]
      if (render === undefined) {
        throw new UsageError(`--format ${options.format} is for results`, 'use table or json')
      }
      write((_, formatOptions) => render(report, formatOptions))
    },
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
