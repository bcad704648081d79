import { randomInt } from 'node:crypto'
import { UsageError } from '../errors.ts'
import type { FuzzReport } from '../conformance/fuzz/report.ts'
import type { CommandModule } from './command.ts'
import { parsePositive, parseWhole } from './options.ts'
import type { CommonOptions } from './options.ts'

interface FuzzCommandOptions extends CommonOptions {
  readonly seed?: number
  readonly runs?: number
  readonly duration?: number
  readonly timeout: number
  readonly jobs?: number
}

/** How many programs are played where nobody says how many, or for how long. */
const USUAL_RUNS = 10_000

/** Seeds are numbers that are easily read out. */
const SEEDS = 1_000_000

/** The largest seed: they have 32 bits. */
const LARGEST_SEED = 2 ** 32 - 1

export const fuzzCommand: CommandModule = {
  name: 'fuzz',
  summary:
    'where does a backend differ from the model: random programs on both, shrunk to the smallest that differs',
  define(command) {
    command
      .option(
        '--seed <number>',
        "the programs are this number's own, on every machine",
        parseWhole(0, LARGEST_SEED),
      )
      .option(
        '--runs <number>',
        `how many programs each backend plays (default: ${USUAL_RUNS})`,
        parseWhole(1),
      )
      .option('--duration <seconds>', 'how long each backend plays', parsePositive)
      .option('--timeout <seconds>', 'how long a step may take', parsePositive, 5)
      .option(
        '-j, --jobs <number>',
        'how many processes play (default: one for each processor, at most 8)',
        parseWhole(1, 64),
      )
    const output = command.options.find(({ long }) => long === '--output')
    if (output !== undefined) {
      output.description =
        'save the first difference as a scenario, for `evloop run`; further backends have theirs beside it'
    }
  },
  async run(raw) {
    const options = raw as unknown as FuzzCommandOptions
    const { output, ...others } = options
    const { makeContext } = await import('./context.ts')
    const { interruptible, INTERRUPTED_EXIT_CODE } = await import('./interrupt.ts')
    const { assertWritable } = await import('./output.ts')
    const context = await makeContext('fuzz', others)
    if (output !== undefined) assertWritable(output)
    if (context.backends.includes('userspace')) {
      throw new UsageError('userspace is the model that the others are held against', 'name another backend')
    }
    const backends = await context.candidates()
    // The probe first, and alone: Node opens all files of an import at once, and there may be 64 descriptors.
    await import('../probe/index.ts')
    const { fuzz } = await import('../conformance/fuzz/fuzz.ts')
    const { runs = options.duration === undefined ? USUAL_RUNS : undefined } = options
    const report = await interruptible((signal) =>
      fuzz({
        backends,
        lib: context.lib,
        seed: options.seed ?? randomInt(SEEDS),
        runs,
        durationMs: options.duration === undefined ? undefined : options.duration * 1000,
        jobs: options.jobs,
        stepMs: options.timeout * 1000,
        onWarning: (message) => context.warn(message),
        onProgress: (backend, programs, elapsedMs) =>
          context.progress.show(
            `${backend}: ${programs} programs, ${Math.round(programs / (elapsedMs / 1000))} a second …`,
          ),
        signal,
      }),
    )
    context.write((format, formatOptions) => format.fuzz(report, formatOptions))
    if (output !== undefined) await save(report, output)
    if (report.interrupted === true) return INTERRUPTED_EXIT_CODE
    return report.results.some(({ difference }) => difference !== undefined) ? 1 : 0
  },
}

/** Saves what was found: the first in the file itself, that of a further backend beside it. */
async function save({ results }: FuzzReport, file: string): Promise<void> {
  const { writeOutput } = await import('./output.ts')
  const { escapeControls } = await import('../report/formats/json.ts')
  const found = results.flatMap(({ backend, difference }) =>
    difference === undefined ? [] : [{ backend, difference }],
  )
  for (const [i, { backend, difference }] of found.entries()) {
    const name = i === 0 ? file : `${file.replace(/\.json$/, '')}.${backend}.json`
    writeOutput(name, `${escapeControls(JSON.stringify(difference.scenario, null, 2))}\n`)
  }
}
