/** The program: builds the commands, and is the one place where errors become exit codes. */
import { Command, CommanderError } from 'commander'
import { addCommonOptions } from './commands/options.ts'
import { commands } from './commands/index.ts'
import { isKnownError, OutputError, UsageError } from './errors.ts'
import { printable } from './report/text.ts'
import { version } from './version.ts'

/** Exit codes that every command has; see the README. */
const ExitCode = { WELL: 0, FINDINGS: 1, COULD_NOT_START: 2, FAILED: 3 } as const

/** Runs the program and returns its exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  watchStreams()
  let exitCode: number = ExitCode.WELL
  const program = makeProgram((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv)
    return exitCode
  } catch (error) {
    return tell(error)
  }
}

function makeProgram(onExit: (code: number) => void): Command {
  const program = new Command('evloop')
    .description('Tells the truth about the event backends of this machine.')
    .version(version(), '-V, --version')
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .exitOverride()
  for (const module of commands) {
    const command = addCommonOptions(program.command(module.name).description(module.summary))
    module.define?.(command)
    command.copyInheritedSettings(program).action(async () => {
      onExit(await module.run(command.opts(), command.args))
    })
  }
  return program
}

/** Tells the user of an error in a line or two, and returns the exit code. Our own bugs keep their stack. */
function tell(error: unknown): number {
  // Commander has said already what is wrong with the arguments; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.WELL : ExitCode.COULD_NOT_START
  if (isKnownError(error)) {
    const hint = error instanceof UsageError && error.hint !== undefined ? ` (${error.hint})` : ''
    process.stderr.write(`evloop: ${printable(error.message + hint)}\n`)
    return error instanceof OutputError ? ExitCode.FAILED : ExitCode.COULD_NOT_START
  }
  if (isExhaustion(error)) {
    process.stderr.write(`evloop: the limit of descriptors is too low: ${printable(error.message)}\n`)
    return ExitCode.COULD_NOT_START
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const lines = ['evloop: this is a bug in evloop, please report it', ...text.split('\n').map(printable)]
  process.stderr.write(`${lines.join('\n')}\n`)
  return ExitCode.FAILED
}

/** Node itself, which opens a file for every module, ran out of descriptors. */
function isExhaustion(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EMFILE' || code === 'ENFILE'
}

/** Commander's complaint in the form of our own: one line, with its suggestion behind it. */
function oneLine(text: string): string {
  const line = text
    .trim()
    .replace(/^error: /, 'evloop: ')
    .replaceAll('\n', ' ')
  return `${printable(line)}\n`
}

/**
 * Errors of stdout and stderr are events. `evloop … | head -1` closes our stdout early: that is no error, and
 * there is nobody left to tell. Anything else, a full disk, means that the result is lost.
 */
function watchStreams(): void {
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = tell(new OutputError('stdout', error.message))
  })
}
