import type { CommandModule } from './command.ts'
import { parsePositive } from './options.ts'
import type { CommonOptions } from './options.ts'

interface RunCommandOptions extends CommonOptions {
  readonly timeout: number
}

export const runCommand: CommandModule = {
  name: 'run',
  summary:
    'plays scenarios (JSON) on backends side by side: what each step gives, and whether that is as expected',
  define(command) {
    command
      .argument('<scenarios...>', 'files of scenarios')
      .option(
        '--timeout <seconds>',
        'how long a step may take besides what it is told to wait',
        parsePositive,
        10,
      )
  },
  async run(raw, files) {
    const options = raw as unknown as RunCommandOptions
    const { makeContext } = await import('./context.ts')
    const { interruptible, INTERRUPTED_EXIT_CODE } = await import('./interrupt.ts')
    const { runScenarios } = await import('../conformance/scenarios/run/run.ts')
    const { hasRunFindings } = await import('../conformance/scenarios/run/report.ts')
    const context = await makeContext('run', options)
    const candidates = await context.candidates()
    const report = await interruptible((signal) =>
      runScenarios({
        files,
        backends: options.backend === undefined ? undefined : context.backends,
        candidates,
        lib: context.lib,
        timeoutMs: options.timeout * 1000,
        onWarning: (message) => context.warn(message),
        onProgress: (done, total) => context.progress.show(`${done} of ${total} …`),
        signal,
      }),
    )
    context.write((format, formatOptions) => format.run(report, formatOptions))
    if (report.interrupted === true) return INTERRUPTED_EXIT_CODE
    return hasRunFindings(report) ? 1 : 0
  },
}
