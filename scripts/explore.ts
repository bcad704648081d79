/**
 * Is the userspace epoll right whoever comes between? `npm run explore` goes through all interleavings of the programs
 * of `explore/programs.ts`, and demands that nothing is found; then it seeds each fault of `explore/faults.ts`, and
 * demands that it is found. With `--random` it is random programs, of which each must be right. Exits with 1 where one of
 * them is not as it must be.
 */
import { Command } from 'commander'
import fc from 'fast-check'
import { explore } from '../src/backends/userspace/explore/explore.ts'
import type { Exploration } from '../src/backends/userspace/explore/explore.ts'
import { faults } from '../src/backends/userspace/explore/faults.ts'
import { watchedState } from '../src/backends/userspace/explore/watched-state.ts'
import { programs } from '../src/backends/userspace/explore/programs.ts'
import { explorationText } from '../src/backends/userspace/explore/report.ts'
import { exploredProgram } from '../src/testing/explored-programs.ts'

const command = new Command('explore')
  .argument('[names...]', 'only these programs, and these faults')
  .option('-v, --verbose', 'the shortest schedule for each fault')
  .option('--random <number>', 'so many random programs, and nothing else', Number)
  .option('--seed <number>', 'which random programs', Number, 1)
  .parse()
const {
  verbose = false,
  random,
  seed,
} = command.opts<{ readonly verbose?: boolean; readonly random?: number; readonly seed: number }>()
const wanted = <T extends { readonly name: string }>(all: readonly T[]): readonly T[] =>
  command.args.length === 0 ? all : all.filter(({ name }) => command.args.includes(name))
const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** What a random program may need. */
const MOST_STATES = 20_000

/** How many seconds have passed since then. */
const secondsSince = (start: number): string => ((performance.now() - start) / 1000).toFixed(1)

/** The programs that are written down, which must be right, and the faults, which must be found in them. */
function exploreAll(): boolean {
  const started = performance.now()
  const explored = wanted(programs).map((program) => {
    const start = performance.now()
    const exploration = explore(program, { makeState: watchedState })
    say(`${explorationText(exploration)}, in ${secondsSince(start)} s`)
    return exploration
  })
  const sum = explored.reduce((total, { interleavings }) => total + interleavings, 0n)
  const states = explored.reduce((total, exploration) => total + exploration.states, 0)
  say(
    `${sum.toLocaleString('en')} interleavings through ${states.toLocaleString('en')} states, in ${secondsSince(started)} s`,
  )

  const startedFaults = performance.now()
  const missed = wanted(faults).filter(({ name, about, makeState }) => {
    const start = performance.now()
    let found: Exploration | undefined
    for (const program of programs) {
      found = explore(program, { makeState })
      if (found.violation !== undefined) break
    }
    const schedule = found?.violation?.schedule
    say(
      `${name} (${about}): ${schedule === undefined ? 'NOT FOUND' : `found in ${found?.program.name}, after ${schedule.length} steps`}, in ${secondsSince(start)} s`,
    )
    if (verbose && found !== undefined) say(explorationText(found))
    return schedule === undefined
  })
  say(
    `${wanted(faults).length - missed.length} of ${wanted(faults).length} faults found, in ${secondsSince(startedFaults)} s`,
  )

  return explored.every(({ violation }) => violation === undefined) && missed.length === 0
}

/** Random programs, which must be right. Those that are too large are left out. */
function exploreRandom(count: number): boolean {
  const start = performance.now()
  const all = fc.sample(exploredProgram, { numRuns: count, seed }).map((program) => {
    try {
      const exploration = explore(program, { makeState: watchedState, mostStates: MOST_STATES })
      if (exploration.violation === undefined) return exploration
      say(JSON.stringify(program))
      say(explorationText(exploration))
      return exploration
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
  })
  const done = all.filter((one) => one !== undefined)
  const wrong = done.filter(({ violation }) => violation !== undefined)
  const interleavings = done.reduce((total, one) => total + one.interleavings, 0n)
  say(
    `${done.length} random programs, ${interleavings.toLocaleString('en')} interleavings, ${wrong.length} wrong, ${count - done.length} too large, in ${secondsSince(start)} s`,
  )
  return wrong.length === 0
}

const isAsItMustBe = random === undefined ? exploreAll() : exploreRandom(random)
const { user, system } = process.cpuUsage()
say(`${((user + system) / 1e6).toFixed(1)} s of a processor in all`)
process.exitCode = isAsItMustBe ? 0 : 1
