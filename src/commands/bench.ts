import { parseList, parsePositive, parseWhole } from './options.ts'
import type { CommandModule } from './command.ts'
import type { CommonOptions } from './options.ts'

interface BenchCommandOptions extends CommonOptions {
  readonly workload?: readonly string[]
  readonly fds: number
  readonly active?: number
  readonly duration: number
  readonly seed?: number
}

export const benchCommand: CommandModule = {
  name: 'bench',
  summary: 'what does it cost at your size: every workload over every backend, side by side',
  define(command) {
    command
      .option('-w, --workload <list>', 'only these workloads, separated by commas', parseList)
      .option('-n, --fds <number>', 'how many descriptors are registered', parseWhole(1), 100)
      .option(
        '-a, --active <number>',
        'how many of them are active at once (default: a hundredth, at most 100)',
        parseWhole(1),
      )
      .option('-d, --duration <seconds>', 'how long the whole run may take', parsePositive, 20)
      .option(
        '--seed <number>',
        'of the order of rounds and of the resampling (default: random)',
        parseWhole(0),
      )
  },
  async run(raw) {
    const options = raw as unknown as BenchCommandOptions
    const { makeContext } = await import('./context.ts')
    const { chooseNames } = await import('./choose.ts')
    const { interruptible, INTERRUPTED_EXIT_CODE } = await import('./interrupt.ts')
    const { workloadNames } = await import('../workloads/index.ts')
    const { benchMachine } = await import('../measure/machine.ts')
    const context = await makeContext(options)
    const report = await interruptible((signal) =>
      benchMachine({
        backends: context.backends,
        workloads: chooseNames('workload', options.workload, workloadNames),
        fds: options.fds,
        active: options.active,
        durationMs: options.duration * 1000,
        seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
        lib: context.lib,
        onWarning: (message) => context.warn(message),
        onProgress: (workload, index, count) =>
          context.progress.show(`measuring ${workload} (${index + 1} of ${count}) …`),
        signal,
      }),
    )
    context.write((format, formatOptions) => format.bench(report, formatOptions))
    if (report.interrupted === true) return INTERRUPTED_EXIT_CODE
    return report.gaps.some(({ outcome }) => outcome === 'failed') ? 1 : 0
  },
}
