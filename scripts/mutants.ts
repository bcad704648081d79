/**
 * Do our checks catch bugs? `npm run test:mutants` compiles every library of `fixtures/mutants`, each of which has
 * one fault, runs verify with it in front of libc, and demands that the checks which it names find the fault. In
 * libraries without a fault nothing may be found. Exits with 1 where one of them is not as it must be.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { parseWhole } from '../src/commands/options.ts'
import { findCheck } from '../src/conformance/checks/index.ts'
import { loadExpectations } from '../src/conformance/saved/load.ts'
import { matchingIds } from '../src/conformance/selection.ts'
import { packageRoot } from '../src/package-root.ts'
import { compileLibrary, examine, examineWhole } from './mutants/examine.ts'
import { judgeControl, judgeMutant } from './mutants/judge.ts'
import type { Verdict } from './mutants/judge.ts'
import { readControl, readMutants } from './mutants/mutant.ts'
import type { Control, Mutant } from './mutants/mutant.ts'
import { inParallel } from './mutants/parallel.ts'
import { reportOf } from './mutants/report.ts'

interface Options {
  readonly allChecks?: boolean
  readonly jobs: number
  readonly verbose?: boolean
}

/**
 * How often a mutant is tried. What it does wrong may be hidden by a machine that is busy: a wait that is cut short
 * ends late enough by chance, and a race has few rounds. A control has one try, for there is no excuse for an alarm.
 */
const TRIES = 5

/** Most of the time mutants sleep, in waits that they do not wake from. */
const JOBS_PER_PROCESSOR = 2

const fixtures = join(packageRoot(), 'fixtures')

const program = new Command('test:mutants')
  .argument('[names...]', 'only these libraries')
  .option('--all-checks', 'run every check against each, and not only those that must catch it')
  .option('--jobs <number>', 'how many at once', parseWhole(1), JOBS_PER_PROCESSOR * availableParallelism())
  .option('-v, --verbose', 'all findings of each')
  .parse()
const { allChecks = false, jobs, verbose = false } = program.opts<Options>()

// The controls first: they take longest.
const known: readonly (Mutant | Control)[] = [
  readControl(join(fixtures, 'libraries', 'identity.c')),
  readControl(join(fixtures, 'libraries', 'poll-epoll.c')),
  readControl(join(fixtures, 'libraries', 'ring-identity.c')),
  ...readMutants(join(fixtures, 'mutants')),
  ...ofKqueue(),
]
const unknown = program.args.find((name) => known.every((library) => library.name !== name))
if (unknown !== undefined) program.error(`there is no library ${unknown}`)
const wanted = known.filter(({ name }) => program.args.length === 0 || program.args.includes(name))

const directory = mkdtempSync(join(tmpdir(), 'evloop-mutants-'))
const start = performance.now()
let failures = 0
const retried: string[] = []
try {
  await inParallel(wanted, jobs, async (library) => {
    const { name, path, on } = library
    const lib = await compileLibrary(path, name, directory)
    const isMutant = 'fault' in library
    let verdict: Verdict
    let durationMs = 0
    let tries = 0
    do {
      const examination = allChecks ? await examineWhole(lib, on) : await examine(lib, on, chosenFor(library))
      verdict = isMutant ? judgeMutant(library, examination) : judgeControl(library, examination)
      durationMs += examination.durationMs
      tries++
    } while (verdict.problems.length > 0 && isMutant && tries < TRIES)
    if (verdict.problems.length > 0) failures++
    if (tries > 1) retried.push(name)
    const about = isMutant ? `a fault: ${library.fault}` : 'no fault'
    process.stdout.write(reportOf(name, about, verdict, durationMs, verbose))
  })
} finally {
  rmSync(directory, { recursive: true, force: true })
}
const seconds = ((performance.now() - start) / 1000).toFixed(1)
process.stdout.write(`${wanted.length} libraries, ${failures} not as they must be, in ${seconds} s\n`)
if (retried.length > 0) process.stdout.write(`tried more than once: ${retried.join(', ')}\n`)
process.exitCode = failures > 0 ? 1 : 0

/**
 * Libraries that put a fault before a kqueue, and one that puts none. They need a library that has one: libkqueue, or
 * another in which the same checks fail.
 */
function ofKqueue(): readonly (Mutant | Control)[] {
  if ((process.env['EVLOOP_KQUEUE_LIB'] ?? '') === '') {
    process.stdout.write(
      'skipped: mutants of kqueue, for EVLOOP_KQUEUE_LIB does not name a library with a kqueue\n',
    )
    return []
  }
  const expected = loadExpectations(join(packageRoot(), 'expectations', 'libkqueue.json'))
  const control = readControl(join(fixtures, 'libraries', 'kqueue.c'))
  return [
    { ...control, cannot: expected.expectations.map(({ id }) => id) },
    ...readMutants(join(fixtures, 'kqueue-mutants')),
  ]
}

/** The checks that must catch a mutant; for a control, all but races and those that find what it cannot do. */
function chosenFor(library: Mutant | Control): (ids: readonly string[]) => readonly string[] {
  return (ids) => {
    const patterns = 'fault' in library ? library.caughtBy : library.cannot
    const matching = new Set(patterns.flatMap((pattern) => matchingIds(pattern, ids)))
    if ('fault' in library) return ids.filter((id) => matching.has(id))
    // Of kqueue only what is called as C does: what is built upon it has tests of its own.
    const own = library.name === 'kqueue' ? ids.filter((id) => id.startsWith('kq.')) : ids
    return own.filter((id) => !matching.has(id) && findCheck(id).check.kind !== 'race')
  }
}
