import type { Random } from '../../random.ts'
import { varianceInflation } from './autocorrelation.ts'
import { medianInterval, ratioInterval } from './bootstrap.ts'
import { median } from './describe.ts'
import type { Interval } from './describe.ts'
import { holm } from './holm.ts'
import { mannWhitneyU } from './mann-whitney.ts'
import { wilcoxonSignedRank } from './wilcoxon.ts'

/** What a comparison says of the subject: the cost is lower, higher, equal within the threshold, or not known. */
export type Verdict = 'faster' | 'slower' | 'same' | 'inconclusive'

/** The smallest difference that counts on one's own machine, as a fraction of 1: the noise threshold of criterion.rs. */
export const LOCAL_THRESHOLD = 0.01

/** The level of significance, by custom since Fisher (1925); google/benchmark and benchstat use it too. */
const ALPHA = 0.05

/**
 * The smallest sample whose extremes hold the median with 95 % confidence: 1 - 2/2^6 is 97 %, 1 - 2/2^5 only 94 %.
 * benchstat asks for as many.
 */
export const FEWEST_ROUNDS_FOR_AN_INTERVAL = 6

/** A ratio of two costs, and what can be said about it. */
export interface Compared {
  /** The cost of the subject over that of the base. */
  readonly value: number
  readonly ci95: Interval
  /** Of the rank test, two-sided. */
  readonly p: number
  readonly verdict: Verdict
}

/** What two samples say. */
export interface ComparedSamples extends Compared {
  /** Whether there are rounds enough for the interval to be one; the verdict is inconclusive if not. */
  readonly enough: boolean
}

/** Costs of the same unit, all above 0, in the order in which they were measured. */
export interface Costs {
  readonly subject: readonly number[]
  readonly base: readonly number[]
  /** The smallest difference that counts, as a fraction of 1. */
  readonly threshold: number
  /** What the A/A control shows as noise, as a fraction of 1: no smaller difference is claimed. Default: 0. */
  readonly floor?: number
  readonly random: Random
}

/** Costs by round: those with the same index were measured in the same round. */
export interface RoundCosts extends Costs {
  /** The indices of rounds in which something else took the machine's time. */
  readonly disturbed?: ReadonlySet<number>
}

/**
 * The verdict on a ratio. A difference has to be both large and significant: the whole interval lies beyond the
 * threshold and the noise floor, and p is below 5 %. To be the same, the whole interval has to lie within the
 * threshold, however noisy it was. A difference that was not found is no proof of equality, so all else is
 * inconclusive.
 */
export function verdictOf(ratio: {
  readonly ci95: Interval
  readonly p: number
  readonly threshold: number
  readonly floor?: number
}): Verdict {
  const [low, high] = ratio.ci95
  const { threshold, floor = 0 } = ratio
  if (low >= 1 / (1 + threshold) && high <= 1 + threshold) return 'same'
  const most = 1 + Math.max(threshold, floor)
  const least = 1 / most
  if (ratio.p >= ALPHA) return 'inconclusive'
  if (high < least) return 'faster'
  return low > most ? 'slower' : 'inconclusive'
}

/**
 * Compares costs that were measured side by side. Ratios are taken round by round, so that what slows a whole round
 * down cancels out: their median, its bootstrap interval, and Wilcoxon's test of their logarithms. Where disturbed
 * rounds are named, a verdict that does not hold without them is inconclusive; they are in the figures all the same.
 *
 * @throws {RangeError} If there are not as many subjects as bases, or a cost is not above 0.
 */
export function compareRounds(costs: RoundCosts): Compared {
  const { subject, base, disturbed, random } = costs
  if (subject.length !== base.length)
    throw new RangeError(`${subject.length} rounds cannot be paired with ${base.length}`)
  const logs = logarithms(subject).map((log, round) => log - logarithm(base[round]!))
  const all = pairedRatio(logs, costs, random)
  if (disturbed === undefined || disturbed.size === 0) return all
  const quiet = logs.filter((_, round) => !disturbed.has(round))
  // Where hardly any round was quiet, nothing can be said without the others; that they are paired has to do.
  if (quiet.length < FEWEST_ROUNDS_FOR_AN_INTERVAL) return all
  const undisturbed = pairedRatio(quiet, costs, random)
  return isBorneOut(all, undisturbed) ? all : { ...all, verdict: 'inconclusive' }
}

/**
 * Whether what all rounds say holds for the undisturbed ones. They may be too few to say it by themselves; but
 * then what all say must be among what they do not exclude.
 */
function isBorneOut(all: Compared, undisturbed: Compared): boolean {
  if (undisturbed.verdict !== 'inconclusive') return undisturbed.verdict === all.verdict
  const [low, high] = undisturbed.ci95
  return all.value >= low && all.value <= high
}

/**
 * Compares costs that were measured apart, as those of two files: the ratio of the medians, its bootstrap interval,
 * and the test of Mann and Whitney. What differs between two processes by chance (addresses, compiled code) is not
 * seen in the rounds of one; where there are several processes, give the median of each.
 *
 * @throws {RangeError} If a cost is not above 0.
 */
export function compareSamples(costs: Costs): ComparedSamples {
  const { subject, base, random } = costs
  const [a, b] = [logarithms(subject), logarithms(base)]
  const apart = areBeyondDrift(a, b)
  const [inflationA, inflationB] = [a, b].map((logs) => (apart ? 1 : varianceInflation(logs))) as [
    number,
    number,
  ]
  // The variance of a difference of means is the sum of theirs, and each goes with 1/n.
  const inflation = (b.length * inflationA + a.length * inflationB) / (a.length + b.length)
  const value = median(subject) / median(base)
  const ci95 = ratioInterval(subject, base, random)
  const { p } = mannWhitneyU(a, b, inflation)
  const enough = isEnough(a.length / inflationA) && isEnough(b.length / inflationB)
  return { value, ci95, p, verdict: enough ? verdictOf({ ...costs, ci95, p }) : 'inconclusive', enough }
}

/**
 * The same comparisons with their p corrected for how many they are (Holm), and verdicts that hold for it. A larger
 * p can only take a difference back.
 */
export function correctForMany<C extends Pick<Compared, 'p' | 'verdict'>>(comparisons: readonly C[]): C[] {
  const corrected = holm(comparisons.map(({ p }) => p))
  return comparisons.map((comparison, i) => {
    const p = corrected[i]!
    const lost = p >= ALPHA && comparison.verdict !== 'same'
    return { ...comparison, p, verdict: lost ? 'inconclusive' : comparison.verdict }
  })
}

/** The largest difference that an interval of a ratio does not exclude, as a fraction of 1: what noise can do. */
export function floorOf(ci95: Interval): number {
  return Math.max(0, ci95[1] - 1, 1 / ci95[0] - 1)
}

function pairedRatio(
  logs: readonly number[],
  limits: Pick<Costs, 'threshold' | 'floor'>,
  random: Random,
): Compared {
  const inflation = isBeyondDrift(logs) ? 1 : varianceInflation(logs)
  const [low, high] = medianInterval(logs, random)
  const ci95: Interval = [Math.exp(low), Math.exp(high)]
  const { p } = wilcoxonSignedRank(logs, inflation)
  const enough = isEnough(logs.length / inflation)
  return {
    value: Math.exp(median(logs)),
    ci95,
    p,
    verdict: enough ? verdictOf({ ...limits, ci95, p }) : 'inconclusive',
  }
}

/**
 * Whether all rounds lie on one side, and farther off than they differ among themselves. What makes them resemble
 * their neighbours cannot have moved them there, so a large ratio that drifts a little is still a finding.
 */
function isBeyondDrift(logs: readonly number[]): boolean {
  const [least, most] = [Math.min(...logs), Math.max(...logs)]
  return Math.max(least, -most) > most - least
}

/** The same of two samples: the gap between them is wider than either. */
function areBeyondDrift(a: readonly number[], b: readonly number[]): boolean {
  const [leastA, mostA] = [Math.min(...a), Math.max(...a)]
  const [leastB, mostB] = [Math.min(...b), Math.max(...b)]
  return Math.max(leastA - mostB, leastB - mostA) > Math.max(mostA - leastA, mostB - leastB)
}

/** Rounds that resemble their neighbours tell as much as fewer independent ones; those have to be enough. */
function isEnough(independent: number): boolean {
  return independent >= FEWEST_ROUNDS_FOR_AN_INTERVAL
}

function logarithms(costs: readonly number[]): number[] {
  return costs.map(logarithm)
}

function logarithm(cost: number): number {
  if (!(cost > 0 && cost < Infinity)) throw new RangeError(`a cost of ${cost} has no ratio to others`)
  return Math.log(cost)
}
