import { addGateOptions, openSaved } from './baseline.ts'
import type { GateOptions } from './baseline.ts'
import type { CommandModule } from './command.ts'
import type { CommonOptions } from './options.ts'
import type { Saved } from '../measure/saved/load.ts'

type CompareCommandOptions = CommonOptions & GateOptions

const help = `
What is compared:
  Figures of the same workload, backend and size, by the means of their rounds: the ratio of the medians with a
  95 % bootstrap interval, and the test of Mann and Whitney, with p corrected (Holm) for all comparisons of the
  command. A figure is faster or slower if its whole interval lies beyond 1 % and beyond the noise floor that the
  controls of both files show, and p is below 0.05; it is the same if its whole interval lies within 1 %.
  Anything else is inconclusive.

  Figures of another driver, trigger, source, number of active descriptors or of events a wait are of something
  else: they are listed, and not compared. Where machines differ (kernel, CPU, architecture, libc, sandbox,
  pinning), ratios are shown, and every verdict is inconclusive unless --across-machines says that this
  difference is what you want to know.

  The rounds of one run do not show what differs from one run to the next. Before you believe in a small
  difference, compare two runs of the same thing.

Exit codes:
  0  without --fail-on: compared. With it: no figure is slower by more than the limit.
  1  with --fail-on: a figure is established to be slower by more than the limit (its whole interval lies above
     it), or a workload that the base has a figure of has failed.
  2  a file cannot be read, or is not a report of evloop bench.
  4  with --fail-on: not decided. An interval holds the limit, figures or machines are not comparable, or there
     is nothing to compare.`

export const compareCommand: CommandModule = {
  name: 'compare',
  summary: 'what has changed: saved results of bench against the first of them, with a verdict and a gate',
  define(command) {
    addGateOptions(command)
      .argument('<base>', 'what the others are held against (bench --format json --output FILE)')
      .argument('<files...>', 'one or more, each of which is compared with the base')
      .addHelpText('after', help)
  },
  async run(raw, [base = '', ...others]) {
    const options = raw as unknown as CompareCommandOptions
    const { makeContext, refuseNativeOptions } = await import('./context.ts')
    const { compareReports } = await import('../measure/compare/compare-reports.ts')
    const { compareExitCode } = await import('../measure/compare/gate.ts')
    const { version } = await import('../version.ts')
    refuseNativeOptions('compare', options)
    const context = await makeContext('compare', options)
    const open = async (file: string): Promise<Saved> =>
      await openSaved(file, (message) => context.warn(message))
    const report = compareReports({
      base: await open(base),
      others: await Promise.all(others.map(open)),
      version: version(),
      acrossMachines: options.acrossMachines === true,
      backends: options.backend === undefined ? undefined : context.backends,
      failOn: options.failOn,
    })
    context.write((format, formatOptions) => format.compare(report, formatOptions))
    return compareExitCode(report)
  },
}
