import type { Backend } from '../backends/backend.ts'
import { isKnownError } from '../errors.ts'
import type { Case, Detail, EventCount } from '../workloads/workload.ts'
import { failureOf, noEvents } from './driver.ts'
import type { Batch, ContextSwitches, Opened, Subject } from './driver.ts'
import { spoiled } from './noise.ts'
import type { NoiseMeter } from './noise.ts'
import { branch, shuffled } from '../random.ts'
import type { Random } from '../random.ts'
import { Samples } from './samples.ts'
import { FEWEST_ROUNDS_FOR_AN_INTERVAL } from './statistics/verdict.ts'

/** Rounds of a run that has the time for them: what interleaved designs begin with (zenbench, benchmarks of tango). */
export const FEWEST_ROUNDS = 30
/** Rounds of a quick run: signed ranks of ten can reach p < 0.05 also after 25 comparisons (2/2^10 times 25). */
export const QUICK_ROUNDS = 10
/**
 * A case that takes so many times its budget makes do with the fewest rounds that give an interval; a quick run
 * does as soon as the budget is gone.
 */
const OVERRUN = 6
/** What a case gets where others have used the time up, and in a quick run. */
const LEAST_BUDGET_MS = 1000
const QUICK_BUDGET_MS = 100
/** More say nothing new within a minute. */
const MOST_ROUNDS = 1000
/** A batch is long enough that the clock's step and a wake-up do not count, and short enough to be one of many. */
const LONGEST_BATCH_NS = 4e6
const SHORTEST_BATCH_NS = 0.5e6
/** Of a round's time for one backend, the part in which each cycle is timed by itself. */
const TIMED_PART = 0.25
/** Beyond this a cycle is so long that timing each one costs nothing, and one kind of batch serves for both. */
const LONG_CYCLE_NS = 50_000
/** A batch of more cycles than this is of something that costs nothing. */
const MOST_CYCLES = 1e6
/** The unit of the clock: nothing is said to take less. */
const LEAST_NS = 1
/** How much the number of cycles varies from batch to batch, so that no rhythm of the machine fits it. */
const JITTER = 0.2
/** All that was measured of one backend. */
export interface Series {
  readonly backend: Backend
  /** It is the same backend as another one, entered a second time. */
  readonly control: boolean
  readonly events: EventCount
  readonly callsPerCycle: number
  readonly taxNs: number
  /** What its workload tells besides durations. */
  detail(): Detail
  /** Single cycles, in nanoseconds. */
  readonly samples: Samples
  /** The mean of each round, in nanoseconds a cycle. */
  readonly roundNs: number[]
  cycles: number
  cpuNs: number
  /** Why it has no figure. */
  failure: { readonly outcome: 'unsupported' | 'failed'; readonly failure: string } | undefined
}

export interface RoundsOptions {
  readonly workload: string
  readonly case: Case
  /** What is measured side by side. */
  readonly opened: readonly Opened[]
  /** The indexes of those that are there a second time. */
  readonly controls: readonly number[]
  /** How long all rounds together may take, in milliseconds. At least `fewest` are made, unless that takes far longer. */
  readonly budgetMs: number
  readonly fewest: number
  /** Exactly so many, whatever they take. */
  readonly rounds?: number | undefined
  readonly random: Random
  readonly meter: NoiseMeter
  readonly signal?: AbortSignal | undefined
}

export interface RoundsResult {
  readonly series: readonly Series[]
  /** Which rounds the machine has disturbed. */
  readonly spoilt: ReadonlySet<number>
  /** Of the processes that were measured, unless they have threads: those that wait for each other switch too. */
  readonly switches: ContextSwitches
}

/** A series while it is measured. */
interface Running extends Series {
  readonly subject: Subject | undefined
  /** How long batches are to be, without durations and with them, and how many cycles make that. */
  plainNs: number
  timedNs: number
  cyclesPerBatch: number
  timedPerBatch: number
}

/**
 * Measures backends against each other: a round runs one short batch of each, in shuffled order, so that what
 * slows the machine down for a while slows all of them. What comes before the first round is not counted: it
 * finds out how many cycles make a batch.
 */
export async function runRounds(options: RoundsOptions): Promise<RoundsResult> {
  const { opened, signal, random, meter } = options
  const { lanes = 1 } = options.case
  const all = opened.map((one, index) => newSeries(one, options.controls.includes(index), branch(random)))
  // By itself: how many samples are drawn depends on the machine, and the order must not.
  const order = branch(random)
  const spoilt = new Set<number>()
  const switches = { voluntary: 0, involuntary: 0 }
  const start = performance.now()
  for (const series of all) {
    if (signal?.aborted === true) return { series: all, spoilt, switches }
    await guarded(series, options, (subject) => calibrate(series, subject, batchNs(options)))
    await serveInterrupts()
  }
  const most = options.rounds ?? MOST_ROUNDS
  for (let round = 0; round < most && signal?.aborted !== true; round++) {
    const elapsed = performance.now() - start
    // A round is begun only if one more of the average length still fits.
    const fits = elapsed * ((round + 1) / Math.max(1, round)) <= options.budgetMs
    const overrun = elapsed > longestMs(options) && round >= FEWEST_ROUNDS_FOR_AN_INTERVAL
    if (options.rounds === undefined && ((round >= options.fewest && !fits) || overrun)) break
    meter.sample()
    const roundStart = performance.now()
    let waitedNs: number | undefined = 0
    for (const series of shuffled(all, order)) {
      await guarded(series, options, async (subject) => {
        for (const batch of await runRound(series, subject, random)) {
          waitedNs = batch.waitedNs === undefined ? undefined : (waitedNs ?? 0) + batch.waitedNs
          if (lanes > 1) continue
          switches.voluntary += batch.switches.voluntary
          switches.involuntary += batch.switches.involuntary
        }
      })
    }
    const waitedMs = waitedNs === undefined ? undefined : waitedNs / 1e6
    if (spoiled(meter.sample(), performance.now() - roundStart, waitedMs)) spoilt.add(round)
    if (all.every(({ failure }) => failure !== undefined)) break
    await serveInterrupts()
  }
  return { series: all, spoilt, switches }
}

/** How long rounds may take before fewer than wanted have to do. */
function longestMs({ budgetMs, fewest }: RoundsOptions): number {
  return fewest < FEWEST_ROUNDS
    ? Math.max(budgetMs, QUICK_BUDGET_MS)
    : OVERRUN * Math.max(budgetMs, LEAST_BUDGET_MS)
}

/** Interrupts and timers are served between rounds, and never within one. */
async function serveInterrupts(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** How long a batch may be for the rounds to fit into the budget. */
function batchNs({ budgetMs, fewest, rounds, opened }: RoundsOptions): number {
  const share = (budgetMs * 1e6) / ((rounds ?? fewest) + 2) / opened.length
  return Math.min(LONGEST_BATCH_NS, Math.max(SHORTEST_BATCH_NS, share))
}

function newSeries(opened: Opened, control: boolean, random: Random): Running {
  const subject = 'subject' in opened ? opened.subject : undefined
  return {
    backend: opened.backend,
    control,
    events: ('subject' in opened ? opened.subject.events : opened.events) ?? noEvents(),
    callsPerCycle: subject?.callsPerCycle ?? 0,
    taxNs: subject?.taxNs ?? 0,
    detail: () => subject?.detail() ?? {},
    samples: new Samples(random),
    roundNs: [],
    cycles: 0,
    cpuNs: 0,
    failure: 'failure' in opened ? opened : undefined,
    subject,
    plainNs: 0,
    timedNs: 0,
    cyclesPerBatch: 1,
    timedPerBatch: 1,
  }
}

/** What goes wrong with a backend is the end of its series, and not of the run. */
async function guarded(
  series: Running,
  options: RoundsOptions,
  action: (subject: Subject) => Promise<void>,
): Promise<void> {
  if (series.subject === undefined || series.failure !== undefined) return
  try {
    await action(series.subject)
  } catch (error) {
    if (!isKnownError(error)) throw error
    const failure = failureOf(options.workload, series.backend, error)
    series.failure = { outcome: 'failed', failure }
    series.events.lost = Math.max(series.events.lost, series.events.expected - series.events.seen)
  }
}

/** One batch. Nothing that is timed is awaited but what is promised. */
async function runBatch(subject: Subject, cycles: number, durations: boolean): Promise<Batch> {
  return subject.runLater === undefined ? subject.run(cycles, durations) : subject.runLater(cycles)
}

/** Finds out how many cycles make a batch, by ever more until they take a tenth of one; and warms things up. */
async function calibrate(series: Running, subject: Subject, targetNs: number): Promise<void> {
  const { timesEach, mostTimed } = subject
  const most = timesEach ? mostTimed : MOST_CYCLES
  let cycles = 1
  let batch = await runBatch(subject, 1, timesEach)
  // The first cycle of all is cold. That says nothing of a short one; a long one warms itself up.
  if (batch.elapsedNs < LONGEST_BATCH_NS) batch = await runBatch(subject, 1, timesEach)
  while (batch.elapsedNs < targetNs / 10 && cycles < most) {
    cycles = Math.min(cycles * 4, most)
    batch = await runBatch(subject, cycles, timesEach)
  }
  const each = timesEach || batch.elapsedNs / cycles > LONG_CYCLE_NS
  series.timedNs = each ? targetNs : targetNs * TIMED_PART
  series.plainNs = each ? 0 : targetNs - series.timedNs
  series.timedPerBatch = Math.min(fitting(series.timedNs, batch.elapsedNs / cycles), mostTimed)
  series.cyclesPerBatch = each ? 0 : fitting(series.plainNs, batch.elapsedNs / cycles)
}

/** How many cycles fit into a time. */
function fitting(ns: number, cycleNs: number): number {
  return Math.max(1, Math.min(MOST_CYCLES, Math.round(ns / Math.max(1, cycleNs))))
}

/**
 * How many cycles the next batch is to have: what the last one shows would fit, but at most four times as many,
 * because a batch of few cycles may have been all warm-up.
 */
function adapted(count: number, ns: number, batch: Batch, cycles: number): number {
  return Math.min(4 * count, fitting(ns, batch.elapsedNs / cycles))
}

/** One batch in which each cycle is timed and, where that would cost something, one in which none is. */
async function runRound(series: Running, subject: Subject, random: Random): Promise<readonly Batch[]> {
  const jittered = (cycles: number): number =>
    Math.max(1, Math.round(cycles * (1 + JITTER * (2 * random() - 1))))
  const timedCycles = Math.min(jittered(series.timedPerBatch), subject.mostTimed)
  const timed = await runBatch(subject, timedCycles, true)
  for (const value of timed.durationsNs) series.samples.add(value)
  series.timedPerBatch = Math.min(
    adapted(series.timedPerBatch, series.timedNs, timed, timedCycles),
    subject.mostTimed,
  )
  const batches = [timed]
  if (series.cyclesPerBatch > 0) {
    const plainCycles = jittered(series.cyclesPerBatch)
    const plain = await runBatch(subject, plainCycles, false)
    series.cyclesPerBatch = adapted(series.cyclesPerBatch, series.plainNs, plain, plainCycles)
    batches.push(plain)
  }
  series.roundNs.push(Math.max(LEAST_NS, batches.at(-1)?.cycleNs ?? LEAST_NS))
  for (const { cpuNs, cycles } of batches) {
    series.cpuNs += cpuNs
    series.cycles += cycles
  }
  return batches
}
