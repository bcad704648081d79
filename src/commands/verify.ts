import { addChoiceOptions, chooseChecks } from './choose-checks.ts'
import type { ChoiceOptions } from './choose-checks.ts'
import type { CommandModule } from './command.ts'
import { addHoldOptions, openHold } from './hold-against.ts'
import type { HoldOptions } from './hold-against.ts'
import { parsePositive, parseWhole } from './options.ts'
import type { CommonOptions } from './options.ts'

interface VerifyCommandOptions extends CommonOptions, ChoiceOptions, HoldOptions {
  readonly list?: boolean
  readonly repeat?: number
  readonly seed?: number
  readonly bail?: boolean
  readonly timeout: number
  readonly jobs?: number
}

export const verifyCommand: CommandModule = {
  name: 'verify',
  summary: 'does every backend behave as its manual says: all checks, each in isolation',
  define(command) {
    addHoldOptions(addChoiceOptions(command))
      .option('--list', 'say which checks these are, and run none')
      .option('--repeat <number>', 'run each check so often; its worst result counts', parseWhole(1))
      .option('--seed <number>', "run them in a random order, which is this number's own", parseWhole(0))
      .option('--bail', 'stop at the first finding')
      .option('--timeout <seconds>', 'how long a check may take', parsePositive, 60)
      .option(
        '-j, --jobs <number>',
        'how many processes run checks side by side (default: three for each processor, at most 8)',
        parseWhole(1),
      )
  },
  async run(raw) {
    const options = raw as unknown as VerifyCommandOptions
    const { makeContext } = await import('./context.ts')
    const { interruptible, INTERRUPTED_EXIT_CODE } = await import('./interrupt.ts')
    // The probe first, and alone: Node opens all files of an import at once, and there may be 64 descriptors.
    await import('../probe/index.ts')
    const { verify } = await import('../conformance/verify.ts')
    const { hasFindings } = await import('../conformance/verdict.ts')
    if (options.list === true) return await list(options)
    const context = await makeContext('verify', options)
    const backends = await context.candidates()
    const chosen = (await chooseChecks(options, backends)).map(({ check }) => check.id)
    const hold = await openHold(options, chosen, (message) => context.warn(message))
    const ran = await interruptible((signal) =>
      verify({
        backends,
        lib: context.lib,
        checks: chosen,
        repeat: options.repeat,
        seed: options.seed,
        stopAt: options.bail === true ? (result) => hold.isFinding(result) : undefined,
        timeoutMs: options.timeout * 1000,
        jobs: options.jobs,
        onWarning: (message) => context.warn(message),
        onProgress: (done, total) => context.progress.show(`${done} of ${total} …`),
        signal,
      }),
    )
    const report = hold.judge(ran)
    context.write((format, formatOptions) => format.verify(report, formatOptions))
    hold.keep(report)
    if (report.interrupted === true) return INTERRUPTED_EXIT_CODE
    return hasFindings(report) ? 1 : 0
  },
}

/** Says which checks the options choose, and runs none. */
async function list(options: VerifyCommandOptions): Promise<number> {
  const { makeContext } = await import('./context.ts')
  const { catalogueReport } = await import('../conformance/catalogue-report.ts')
  const context = await makeContext('list', options)
  const report = catalogueReport(await chooseChecks(options, await context.candidates()))
  context.write((format, formatOptions) => format.list(report, formatOptions))
  return 0
}
