/**
 * Holds evloop's figures against those of hand-written C: `npm run bench:fidelity`. Compiles the loops in
 * `bench/reference`, runs them and evloop's replay of the same workloads in turn, and prints the ratios. Exits
 * with 1 if any of them is not within its limit.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { parseList, parseWhole, parseWholeList } from '../src/commands/options.ts'
import { isKnownError } from '../src/errors.ts'
import { seededRandom } from '../src/random.ts'
import { compare } from './fidelity/compare.ts'
import { compileReference, Reference } from './fidelity/reference.ts'
import { comparedBackends, comparedWorkloads, hasReference } from './fidelity/side.ts'
import type { OpenSide } from './fidelity/side.ts'
import { replayedSides } from './fidelity/subject.ts'

/** By how much evloop's figure may differ from that of hand-written C. */
const LIMIT = 0.05
/** Of wake-thread, whose figure is mostly what the scheduler does. */
const THREAD_LIMIT = 0.1

interface Options {
  readonly workload: readonly string[]
  readonly backend: readonly string[]
  readonly fds: readonly number[]
  readonly rounds: number
  readonly cpu?: readonly number[]
  readonly seed: number
  readonly self?: boolean
}

const options = new Command('bench:fidelity')
  .option(
    '-w, --workload <list>',
    'only these workloads, separated by commas',
    parseNames(comparedWorkloads),
    [...comparedWorkloads],
  )
  .option('-b, --backend <list>', 'only these backends', parseNames(comparedBackends), [...comparedBackends])
  .option('-n, --fds <list>', 'how many descriptors are registered', parseWholeList(1), [1, 100, 10_000])
  .option('--rounds <number>', 'how often each side runs a batch', parseWhole(1), 50)
  .option('--cpu <list>', 'the processors to run on (default: the idlest one)', parseWholeList(0))
  .option('--seed <number>', 'of the order of batches and of the resampling', parseWhole(0), 1)
  .option('--self', 'holds the reference against itself: what the machine does to equal programs')
  .parse()
  .opts<Options>()

const directory = mkdtempSync(join(tmpdir(), 'evloop-fidelity-'))
try {
  const program = await compileReference(directory)
  const reference: OpenSide = (settings) => Reference.open(program, settings)
  const evloop = options.self === true ? reference : replayedSides()
  process.stdout.write(
    `${'workload'.padEnd(12)} backend    fds         C ns    evloop ns   ratio   95 % interval  launches\n`,
  )
  let failures = 0
  for (const { workload, backend, fds } of combinations(options)) {
    const limit = workload === 'wake-thread' ? THREAD_LIMIT : LIMIT
    const head = `${workload.padEnd(12)} ${backend.padEnd(7)} ${String(fds).padStart(6)}`
    try {
      const result = await compare({
        open: { evloop, reference },
        workload,
        backend,
        fds,
        limit,
        cpus: options.cpu,
        rounds: options.rounds,
        random: seededRandom(options.seed),
      })
      const { ok, ratio, interval, launches, disturbed } = result
      if (!ok) failures++
      const figures = [result.referenceNs, result.evloopNs].map((ns) => ns.toFixed(1).padStart(12)).join(' ')
      const between = `[${interval.map((end) => end.toFixed(3)).join(', ')}]`
      process.stdout.write(
        `${head} ${figures}   ${ratio.toFixed(3)}  ${between}  ${`${launches}${disturbed > 0 ? ` (${disturbed} busy)` : ''}`.padEnd(11)}  ${ok ? 'ok' : 'NOT OK'}\n`,
      )
    } catch (error) {
      if (!isKnownError(error)) throw error
      failures++
      process.stdout.write(`${head} ${error.message}\n`)
    }
  }
  if (failures > 0) {
    process.stdout.write(`${failures} not within ${LIMIT * 100} % (wake-thread: ${THREAD_LIMIT * 100} %)\n`)
    process.exitCode = 1
  }
} catch (error) {
  if (!isKnownError(error)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
} finally {
  rmSync(directory, { recursive: true, force: true })
}

/** Names out of these, separated by commas. */
function parseNames(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const names = parseList(text)
    const unknown = names.find((name) => !known.includes(name))
    if (unknown === undefined) return names
    throw new InvalidArgumentError(`There is no ${unknown}, only ${known.join(', ')}.`)
  }
}

function combinations({
  workload,
  backend,
  fds,
}: Options): { workload: string; backend: string; fds: number }[] {
  return workload.flatMap((one) =>
    backend
      .filter((on) => hasReference(one, on))
      .flatMap((on) => fds.map((n) => ({ workload: one, backend: on, fds: n }))),
  )
}
