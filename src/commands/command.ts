import type { Command } from 'commander'

/**
 * One subcommand. Its file is loaded at every start, so it imports nothing heavy: what it needs to work, it
 * imports when it works.
 */
export interface CommandModule {
  readonly name: string
  readonly summary: string
  /** Adds options and arguments. The common options are there already. */
  define?(command: Command): void
  /** Does the work and returns the exit code. `operands` are the arguments that are no options. */
  run(options: Record<string, unknown>, operands: readonly string[]): Promise<number>
}
