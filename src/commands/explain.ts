import type { CommandModule } from './command.ts'
import type { CommonOptions } from './options.ts'

export const explainCommand: CommandModule = {
  name: 'explain',
  summary: 'what a check asserts, why it matters, which bugs it would have caught, and where it is specified',
  define(command) {
    command.argument('<checks...>', 'ids of checks, names of families, or globs like epoll.et.*')
  },
  async run(raw, patterns) {
    const options = raw as unknown as CommonOptions
    const { makeContext, refuseNativeOptions } = await import('./context.ts')
    refuseNativeOptions('explain', options)
    const { findChecks } = await import('./choose-checks.ts')
    const { catalogueReport } = await import('../conformance/catalogue-report.ts')
    const context = await makeContext('explain', options)
    const entries = await findChecks(patterns)
    const report = catalogueReport(entries, entries.length === 1 ? { stepsOn: context.backends } : {})
    context.write((format, formatOptions) => format.explain(report, formatOptions))
    return 0
  },
}
