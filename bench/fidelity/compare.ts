/** How two programs that do the same are compared: launches of both, and in each of them rounds of short batches. */
import { shuffled } from '../../src/random.ts'
import type { Random } from '../../src/random.ts'
import { BOOTSTRAP_RESAMPLES } from '../../src/measure/statistics/bootstrap.ts'
import { ascending, median, quantile } from '../../src/measure/statistics/describe.ts'
import type { Interval } from '../../src/measure/statistics/describe.ts'
import { idlestProcessor } from './processors.ts'
import type { Figure, OpenSide, Side, SideOptions } from './side.ts'

/**
 * Long enough that the clock and a cold start do not count, and no longer than what the scheduler lets a program
 * run where another one waits: so also on a busy machine there are rounds that nobody disturbs.
 */
const BATCH_NS = 3e6
/**
 * Cycles that take longer than a batch should must still have others before them: a first one, of 10,000
 * descriptors that another program has driven out of the caches, takes twice as long.
 */
const FEWEST_CYCLES = 6
/** The first guess at the length of a cycle is made from a batch of at least this length. */
const CALIBRATION_NS = 0.5e6
/**
 * Where an entry of the kernel, a page or a stack lies is drawn once a launch, and moves figures by a percent or
 * two, at 10,000 descriptors by more. So no fewer launches than this.
 */
export const FEWEST_LAUNCHES = 5
/** More are made while the interval does not lie on one side of the limit, up to this many. */
const MOST_LAUNCHES = 20

export interface CompareOptions {
  readonly open: { readonly evloop: OpenSide; readonly reference: OpenSide }
  readonly workload: string
  readonly backend: string
  readonly fds: number
  /** The processors to use; undefined: the one that is least used, chosen for every launch. */
  readonly cpus: readonly number[] | undefined
  /** Rounds of all the fewest launches together. */
  readonly rounds: number
  /** By how much the ratio may differ from 1, up or down. */
  readonly limit: number
  readonly random: Random
}

export interface Comparison {
  /** Medians over launches of the medians over rounds. */
  readonly evloopNs: number
  readonly referenceNs: number
  /** evloop's figure over the reference's: the median over launches of the median over rounds. */
  readonly ratio: number
  readonly interval: Interval
  readonly launches: number
  /** How many of the launches were disturbed too often, so that disturbed rounds count. */
  readonly disturbed: number
  readonly ok: boolean
}

/** The rounds of a launch. */
interface Launch {
  readonly evloopNs: number[]
  readonly referenceNs: number[]
  /** There were too few rounds that nobody disturbed, so others count too. */
  readonly disturbed: boolean
}

/**
 * How many rounds are tried for each one that is wanted, to have undisturbed ones. What makes a round count is that
 * nobody took the processor from either side, and never the figure.
 */
const TRIES = 3

/** Compares one workload. Rejects with `MeasurementError` where either side has no figure. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { limit, random } = options
  const rounds = Math.ceil(options.rounds / FEWEST_LAUNCHES)
  const launches: Launch[] = []
  for (;;) {
    launches.push(await launch(options, rounds, launches.length % 2 === 0))
    if (launches.length < FEWEST_LAUNCHES) continue
    const ratios = launches.map(ratiosOf)
    const ratio = medianOfMedians(ratios)
    const interval = nestedInterval(ratios, random)
    const decided = sideOf(interval[0], limit) === sideOf(interval[1], limit)
    if (!decided && launches.length < MOST_LAUNCHES) continue
    return {
      evloopNs: median(launches.map(({ evloopNs }) => median(evloopNs))),
      referenceNs: median(launches.map(({ referenceNs }) => median(referenceNs))),
      ratio,
      interval,
      launches: launches.length,
      disturbed: launches.filter((one) => one.disturbed).length,
      ok: sideOf(ratio, limit) === 0,
    }
  }
}

/** 0 for a ratio as near to 1 as the limit wants it, by the same factor up and down; else 1 or -1. */
function sideOf(ratio: number, limit: number): number {
  const log = Math.log(ratio)
  return Math.abs(log) <= Math.log(1 + limit) ? 0 : Math.sign(log)
}

function ratiosOf({ evloopNs, referenceNs }: Launch): number[] {
  return evloopNs.map((ns, round) => ns / (referenceNs[round] ?? NaN))
}

function medianOfMedians(groups: readonly (readonly number[])[]): number {
  return median(groups.map((group) => median(group)))
}

/** A 95 % interval by resampling launches, and in each of them rounds (Davison and Hinkley 1997, section 3.8). */
function nestedInterval(groups: readonly (readonly number[])[], random: Random): Interval {
  const pick = <T>(from: readonly T[]): T[] => from.map(() => from[Math.floor(random() * from.length)]!)
  const figures = ascending(
    Array.from({ length: BOOTSTRAP_RESAMPLES / 5 }, () => medianOfMedians(pick(groups).map(pick))),
  )
  return [quantile(figures, 0.025), quantile(figures, 0.975)]
}

/** Starts both sides, has each run its batches in turn, in shuffled order, and ends them. */
async function launch(options: CompareOptions, rounds: number, evloopFirst: boolean): Promise<Launch> {
  const { open, workload, backend, fds, random } = options
  const settings: SideOptions = { workload, backend, fds, cpus: options.cpus ?? [await idlestProcessor()] }
  const sides: { evloop?: Side; reference?: Side } = {}
  try {
    const order = ['evloop', 'reference'] as const
    for (const name of evloopFirst ? order : order.toReversed()) sides[name] = await open[name](settings)
    const { evloop, reference } = sides as Required<typeof sides>
    const cycles = await cyclesOf(reference, Math.min(evloop.mostCycles, reference.mostCycles))
    await evloop.run(cycles)
    await reference.run(cycles)
    const all: Round[] = []
    const undisturbed: Round[] = []
    while (undisturbed.length < rounds && all.length < TRIES * rounds) {
      const round = await runRound(sides as Required<typeof sides>, cycles, random)
      all.push(round)
      if (!round.evloop.disturbed && !round.reference.disturbed) undisturbed.push(round)
    }
    const used = undisturbed.length > rounds / 2 ? undisturbed : all
    return {
      evloopNs: used.map((round) => round.evloop.ns),
      referenceNs: used.map((round) => round.reference.ns),
      disturbed: used === all,
    }
  } finally {
    await sides.evloop?.close()
    await sides.reference?.close()
  }
}

/** One batch of each side. */
type Round = Record<'evloop' | 'reference', Figure>

async function runRound(sides: Record<keyof Round, Side>, cycles: number, random: Random): Promise<Round> {
  const round: Partial<Round> = {}
  for (const name of shuffled(['evloop', 'reference'] as const, random)) {
    round[name] = await sides[name].run(cycles)
  }
  return round as Round
}

/** How many cycles make a batch. Batches are timed from outside, because figures may be those of a part of it. */
async function cyclesOf(side: Side, most: number): Promise<number> {
  for (let cycles = Math.min(FEWEST_CYCLES, most); ; cycles *= 4) {
    const start = performance.now()
    await side.run(cycles)
    const elapsedNs = (performance.now() - start) * 1e6
    if (cycles >= most) return most
    if (elapsedNs < CALIBRATION_NS) continue
    return Math.min(most, Math.max(FEWEST_CYCLES, Math.round((BATCH_NS * cycles) / elapsedNs)))
  }
}
