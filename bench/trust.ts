/**
 * Holds verdicts against what is known to be true: `npm run bench:trust`. Runs `wake` of a backend against itself,
 * beside a busy neighbour, and counts how often a difference is claimed that is not there; then slows one side
 * down by a few per cent, in earnest, and counts how often that is found. Exits with 1 if either is beyond its
 * limit. Needs a C compiler, and takes some minutes.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { parsePositive, parseWhole } from '../src/commands/options.ts'
import { openLibc } from '../src/libc/libc.ts'
import type { Libc } from '../src/libc/libc.ts'
import { bench } from '../src/measure/bench.ts'
import type { Control } from '../src/measure/report.ts'
import { packageRoot } from '../src/package-root.ts'

/** Of runs of the same against the same, how many may claim a difference: the level of significance. */
const MOST_FALSE = 0.05
/** Of runs with a difference, how many must find it. */
const LEAST_FOUND = 0.9
/** A spin of the slower library, for the first guess: as many as can be seen clearly. */
const TRIAL_SPINS = 2000

interface Options {
  readonly runs: number
  readonly run: number
  readonly delays: number
  readonly delayed: number
  readonly percent: number
  readonly seed: number
  readonly verbose?: boolean
}

const options = new Command('bench:trust')
  .option('--runs <number>', 'of the same against the same', parseWhole(0), 100)
  .option('--run <seconds>', 'how long each of them takes', parsePositive, 1)
  .option('--delays <number>', 'runs in which one side is slower', parseWhole(0), 10)
  .option('--delayed <seconds>', 'how long each of them takes', parsePositive, 9)
  .option('--percent <number>', 'by how much', parsePositive, 5)
  .option('-v, --verbose', 'every run by itself')
  .option('--seed <number>', 'of the first run; each has the next one', parseWhole(0), 1)
  .parse()
  .opts<Options>()

// It ends with this process, however that ends.
const busy = 'const parent = process.ppid; while (process.ppid === parent);'
const neighbour = spawn(process.execPath, ['--eval', busy], { stdio: 'ignore' })
const directory = mkdtempSync(join(tmpdir(), 'evloop-trust-'))
try {
  say(`one busy neighbour; load ${loadavg()[0]?.toFixed(1)}`)
  const equal = await equalSides()
  const found = await slowerSide()
  process.exitCode = equal && found ? 0 : 1
} finally {
  neighbour.kill()
  rmSync(directory, { recursive: true, force: true })
}

/** The same against the same: differences that are claimed are false. */
async function equalSides(): Promise<boolean> {
  const libc = openLibc()
  const controls: Control[] = []
  for (let run = 0; run < options.runs; run++) {
    controls.push(await control(libc, options.run, options.seed + run))
  }
  const claims = controls.filter(({ verdict }) => verdict === 'faster' || verdict === 'slower').length
  say(`equal sides: ${tally(controls)}: ${claims} of ${options.runs} claim a difference`)
  return claims <= MOST_FALSE * options.runs
}

/** One side slower: a difference is right. */
async function slowerSide(): Promise<boolean> {
  const library = compileSlower()
  // Each library that is loaded reads the number once.
  const slower = (spins: number, name: string): Libc => {
    process.env['SPIN'] = String(spins)
    const path = join(directory, `${name}.so`)
    execFileSync('cp', [library, path])
    return openLibc({ lib: path })
  }
  const trial = await control(slower(TRIAL_SPINS, 'trial'), 2, options.seed)
  const spins = Math.round((TRIAL_SPINS * options.percent) / 100 / (beyond(trial) - 1))
  const libc = slower(spins, 'slower')
  const controls: Control[] = []
  for (let run = 0; run < options.delays; run++) {
    controls.push(await control(libc, options.delayed, options.seed + run))
  }
  const found = controls.filter(({ value, verdict }) => verdict === (value > 1 ? 'slower' : 'faster')).length
  const ratios = controls.map((one) => beyond(one).toFixed(3)).join(' ')
  say(
    `${options.percent} % slower: ${tally(controls)}: ${found} of ${options.delays} find it; ratios ${ratios}`,
  )
  return found >= LEAST_FOUND * options.delays
}

/** The slower side over the other one; which it is depends on how many processes were forked before. */
function beyond({ value }: Control): number {
  return Math.max(value, 1 / value)
}

/** The comparison of epoll with itself in one run. */
async function control(libc: Libc, seconds: number, seed: number): Promise<Control> {
  const {
    control: controls,
    gaps,
    noise,
    results,
  } = await bench({
    libc,
    backends: ['epoll'],
    workloads: ['wake'],
    sizes: [1],
    eventsPerWait: 64,
    trigger: 'level',
    source: 'eventfd',
    writes: 0,
    rateHz: 1000,
    cpus: [],
    driver: 'replay',
    durationMs: seconds * 1000,
    quick: false,
    seed,
    onWarning: say,
  })
  const [only] = controls
  if (only === undefined) throw new Error(`there is no control: ${gaps[0]?.reason}`)
  if (options.verbose === true) {
    const [low, high] = only.ci95.map((end) => end.toFixed(3))
    const spoilt = `${noise.spoiltRounds} of ${results[0]?.rounds} rounds spoilt`
    say(
      `  ${only.verdict}: ${only.value.toFixed(3)} [${low}, ${high}], p ${only.p.toPrecision(2)}, ${spoilt}`,
    )
  }
  return only
}

function compileSlower(): string {
  const path = join(directory, 'library.so')
  const source = join(packageRoot(), 'fixtures', 'faults', 'slower.c')
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', path, source, '-ldl', '-pthread'])
  return path
}

function tally(controls: readonly Control[]): string {
  const verdicts = ['same', 'faster', 'slower', 'inconclusive'] as const
  return verdicts
    .map((name) => `${controls.filter(({ verdict }) => verdict === name).length} ${name}`)
    .join(', ')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
