import { parsePositive } from './options.ts'
import type { CommandModule } from './command.ts'
import type { CommonOptions } from './options.ts'

interface VerifyOptions extends CommonOptions {
  readonly timeout: number
}

export const verifyCommand: CommandModule = {
  name: 'verify',
  summary: 'does every backend behave as its manual says: all checks, each in isolation',
  define(command) {
    command.option('--timeout <seconds>', 'how long a single step of a check may take', parsePositive, 15)
  },
  async run(raw) {
    const options = raw as unknown as VerifyOptions
    const { makeContext } = await import('./context.ts')
    const { interruptible, INTERRUPTED_EXIT_CODE } = await import('./interrupt.ts')
    // The probe first, and alone: Node opens all files of an import at once, and there may be 64 descriptors.
    await import('../probe/index.ts')
    const { verify } = await import('../conformance/verify.ts')
    const { hasFindings } = await import('../conformance/verdict.ts')
    const context = await makeContext('verify', options)
    const report = await interruptible((signal) =>
      verify({
        backends: context.backends,
        lib: context.lib,
        timeoutMs: options.timeout * 1000,
        onWarning: (message) => context.warn(message),
        onProgress: (backend) => context.progress.show(`checking ${backend} …`),
        signal,
      }),
    )
    context.write((format, formatOptions) => format.verify(report, formatOptions))
    if (report.interrupted === true) return INTERRUPTED_EXIT_CODE
    return hasFindings(report) ? 1 : 0
  },
}
