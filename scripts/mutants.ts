/**
 * Do our checks catch bugs? `npm run test:mutants` compiles every library of `fixtures/mutants`, each of which has
 * one fault, runs verify with it in front of libc, and demands that the checks which it names find the fault. A
 * library without a fault must pass every check. Exits with 1 where one of them is not as it must be.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { parseWhole } from '../src/commands/options.ts'
import { backendNames } from '../src/backends/index.ts'
import { packageRoot } from '../src/package-root.ts'
import { compileLibrary, examine } from './mutants/examine.ts'
import { judge } from './mutants/judge.ts'
import { readMutants } from './mutants/mutant.ts'
import type { Mutant } from './mutants/mutant.ts'
import { inParallel } from './mutants/parallel.ts'
import { reportOf } from './mutants/report.ts'

interface Options {
  readonly allChecks?: boolean
  readonly jobs: number
  readonly verbose?: boolean
}

const fixtures = join(packageRoot(), 'fixtures')

/** Interposes all functions and changes nothing. */
const control: Mutant = {
  name: 'identity',
  path: join(fixtures, 'libraries', 'identity.c'),
  fault: 'none',
  seenIn: 'nowhere',
  caughtBy: [],
  on: backendNames,
}

const program = new Command('test:mutants')
  .argument('[names...]', 'only these mutants')
  .option('--all-checks', 'run every check against each, and not only those that must catch it')
  .option('--jobs <number>', 'how many at once', parseWhole(1), 2 * availableParallelism())
  .option('-v, --verbose', 'all findings of each, in full')
  .parse()
const { allChecks = false, jobs, verbose = false } = program.opts<Options>()

const known = [control, ...readMutants(join(fixtures, 'mutants'))]
const wanted = selected(program.args)
const directory = mkdtempSync(join(tmpdir(), 'evloop-mutants-'))
const start = performance.now()
let failures = 0
try {
  await inParallel(wanted, jobs, async (mutant) => {
    const lib = await compileLibrary(mutant.path, mutant.name, directory)
    const patterns = allChecks || mutant === control ? ['*'] : mutant.caughtBy
    const examination = await examine(lib, mutant.on, patterns)
    const verdict = judge(mutant, examination)
    // Without a fault, every finding is a false alarm.
    const problems =
      mutant === control
        ? [...verdict.problems, ...verdict.findings.map(({ id }) => `${id} fails`)]
        : verdict.problems
    if (problems.length > 0) failures++
    process.stdout.write(reportOf(mutant, { ...verdict, problems }, examination.durationMs, verbose))
  })
} finally {
  rmSync(directory, { recursive: true, force: true })
}
const seconds = ((performance.now() - start) / 1000).toFixed(1)
process.stdout.write(`${wanted.length} libraries, ${failures} not as they must be, in ${seconds} s\n`)
process.exitCode = failures > 0 ? 1 : 0

function selected(names: readonly string[]): readonly Mutant[] {
  if (names.length === 0) return known
  return names.map((name) => {
    const mutant = known.find((candidate) => candidate.name === name)
    if (mutant === undefined) throw new InvalidArgumentError(`There is no mutant ${name}.`)
    return mutant
  })
}
