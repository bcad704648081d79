import type { CommandModule } from './command.ts'
import type { CommonOptions } from './options.ts'

export const probeCommand: CommandModule = {
  name: 'probe',
  summary: 'what is here, and may it be used: backends, features, limits, and what stands in the way',
  async run(options) {
    const { makeContext } = await import('./context.ts')
    const { probe } = await import('../probe/index.ts')
    const context = await makeContext('probe', options as unknown as CommonOptions)
    const report = await probe({
      lib: context.lib,
      backends: context.backends,
      onWarning: (message) => context.warn(message),
    })
    context.write((format, formatOptions) => format.probe(report, formatOptions))
    return 0
  },
}
