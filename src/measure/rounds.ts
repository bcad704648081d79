import type { Backend } from '../backends/backend.ts'
import { isKnownError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import type { Sources } from '../workloads/sources.ts'
import { isWrong } from '../workloads/workload.ts'
import type { Cycle, EventCount, Workload } from '../workloads/workload.ts'
import { countCalls, taxOf } from './call-tax.ts'
import type { CallTax } from './call-tax.ts'
import { shuffled } from './random.ts'
import type { Random } from './random.ts'
import { mean } from './statistics/describe.ts'

/** How long one batch of one backend is meant to take: well above the clock's step and a time slice's noise. */
const BATCH_NS = 10_000_000
const MOST_CYCLES = 5000
/** How long a backend is warmed up before its first round. */
const CALIBRATION_MS = 30
/** Fewer rounds say little about the spread; more than the last say nothing new within a minute. */
const FEWEST_ROUNDS = 10
const MOST_ROUNDS = 200

/** All that was measured of one backend. */
export interface Series {
  readonly backend: Backend
  readonly events: EventCount
  /** Every cycle, in nanoseconds, in the order of measurement. */
  readonly samples: number[]
  /** The mean of each round's cycles, in nanoseconds. */
  readonly roundMeans: number[]
  cpuNs: number
  /** The tax of one cycle. */
  taxNs: number
  /** Why it has no figure. */
  failure: string | undefined
}

export interface RoundsOptions {
  readonly libc: Libc
  readonly workload: Workload
  readonly backends: readonly Backend[]
  readonly sources: Sources
  readonly active: number
  /** How long all rounds together may take, in milliseconds. At least `FEWEST_ROUNDS` are made. */
  readonly budgetMs: number
  readonly tax: CallTax
  readonly random: Random
  readonly signal?: AbortSignal | undefined
}

/**
 * Measures backends against each other: a round runs one short batch of each, in shuffled order, so that what
 * slows the machine down for a while slows all of them. Each batch has a Poller of its own, registered anew,
 * which is not timed. The first round is thrown away: it finds out how many cycles make a batch.
 */
export async function runRounds(options: RoundsOptions): Promise<Series[]> {
  const all = options.backends.map((backend) => newSeries(backend))
  const cycles = new Map<Series, number>()
  for (const series of all) {
    if (options.signal?.aborted === true) return all
    cycles.set(series, calibrate(series, options))
    await serveInterrupts()
  }
  const start = performance.now()
  for (let round = 0; round < MOST_ROUNDS && options.signal?.aborted !== true; round++) {
    const elapsed = performance.now() - start
    // A round is begun only if one more of the average length still fits.
    if (round >= FEWEST_ROUNDS && elapsed * ((round + 1) / round) > options.budgetMs) break
    for (const series of shuffled(all, options.random)) {
      if (series.failure === undefined) runBatch(series, cycles.get(series) ?? 1, options)
    }
    await serveInterrupts()
  }
  return all
}

/** Interrupts and timers are served between rounds, and never within one. */
async function serveInterrupts(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

function newSeries(backend: Backend): Series {
  return {
    backend,
    events: { expected: 0, seen: 0, duplicate: 0, spurious: 0, lost: 0 },
    samples: [],
    roundMeans: [],
    cpuNs: 0,
    taxNs: 0,
    failure: undefined,
  }
}

/** Learns what a cycle's calls cost and how many cycles make a batch, and warms the code up. */
function calibrate(series: Series, options: RoundsOptions): number {
  const trial = newSeries(series.backend)
  const counter = countCalls(options.libc)
  withCycle(trial, { ...options, libc: counter.libc }, (cycle) => {
    cycle.before?.()
    counter.counts.clear()
    cycle.run()
    series.taxNs = taxOf(counter.counts, options.tax)
    cycle.after?.()
  })
  const deadline = performance.now() + CALIBRATION_MS
  let cycles = 1
  while (trial.failure === undefined && performance.now() < deadline) {
    runBatch(trial, cycles, options)
    cycles = Math.min(2 * cycles, MOST_CYCLES)
  }
  if (trial.failure !== undefined) {
    series.failure = trial.failure
    Object.assign(series.events, trial.events)
  }
  return Math.min(MOST_CYCLES, Math.max(1, Math.round(BATCH_NS / Math.min(...trial.roundMeans))))
}

/**
 * One batch of cycles, each timed. One more runs before them, because a fresh Poller's memory is cold; where a
 * single cycle fills the batch, that makes no difference.
 */
function runBatch(series: Series, cycles: number, options: RoundsOptions): void {
  withCycle(series, options, (cycle) => {
    if (cycles > 1) runOnce(cycle)
    const first = series.samples.length
    const cpu = process.cpuUsage()
    // Each lost event costs a second, so the first one ends the batch.
    for (let i = 0; i < cycles && !isWrong(series.events); i++) series.samples.push(runOnce(cycle))
    const used = process.cpuUsage(cpu)
    series.cpuNs += (used.user + used.system) * 1000
    series.roundMeans.push(mean(series.samples.slice(first)))
  })
}

/** Runs one cycle and returns how long it took, in nanoseconds. */
function runOnce(cycle: Cycle): number {
  cycle.before?.()
  const start = process.hrtime.bigint()
  cycle.run()
  const elapsed = process.hrtime.bigint() - start
  cycle.after?.()
  return Number(elapsed)
}

/** Opens a Poller and a cycle on it; whatever goes wrong with them is the end of the series, not of the run. */
function withCycle(series: Series, options: RoundsOptions, body: (cycle: Cycle) => void): void {
  const { libc, workload, sources, active } = options
  const { events } = series
  try {
    using poller = series.backend.open(libc)
    const cycle = workload.open({ libc, poller, sources, active, events })
    try {
      body(cycle)
    } finally {
      cycle.close?.()
    }
  } catch (error) {
    if (!isKnownError(error)) throw error
    series.failure = error.message
  }
  if (isWrong(events)) {
    series.failure = `of ${events.expected} events ${events.lost} were lost, ${events.duplicate} came twice, and ${events.spurious} came for nothing`
  }
}
