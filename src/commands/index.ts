import { benchCommand } from './bench.ts'
import type { CommandModule } from './command.ts'
import { compareCommand } from './compare.ts'
import { explainCommand } from './explain.ts'
import { fuzzCommand } from './fuzz.ts'
import { probeCommand } from './probe.ts'
import { runCommand } from './run.ts'
import { verifyCommand } from './verify.ts'

/** Every command, in the order of the help. Adding one is a file and a line here. */
export const commands: readonly CommandModule[] = [
  probeCommand,
  verifyCommand,
  explainCommand,
  runCommand,
  benchCommand,
  compareCommand,
  fuzzCommand,
]
