import { backendNames } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { isWrong } from '../workloads/workload.ts'
import type { Case } from '../workloads/workload.ts'
import type { Random } from '../random.ts'
import type {
  BenchGap,
  BenchResult,
  Comparison,
  Control,
  Driver,
  OpenLoopResult,
  Percentiles,
} from './report.ts'
import type { RoundsResult, Series } from './rounds.ts'
import { medianInterval } from './statistics/bootstrap.ts'
import { ascending, mean, median, outliers, quantile } from './statistics/describe.ts'
import { drift } from './statistics/spearman.ts'
import { PACED_SLACK_NS } from './replay/subject.ts'
import { compareRounds, floorOf, LOCAL_THRESHOLD } from './statistics/verdict.ts'

/** What the series of one case have in common. */
export interface SummaryOptions {
  readonly workload: string
  readonly case: Case
  readonly driver: Driver
  readonly random: Random
}

export interface Summary {
  readonly results: BenchResult[]
  readonly openLoop: OpenLoopResult[]
  readonly control: Control | undefined
  readonly gaps: BenchGap[]
}

/** Turns the series of one case into results, with the ratio of each to the fastest, and the control. */
export function summarise({ series: all, spoilt }: RoundsResult, options: SummaryOptions): Summary {
  const series = all.map((one) => withControl(one, all))
  const measured = series.filter(
    ({ failure, roundNs, control }) => failure === undefined && roundNs.length > 0 && !control,
  )
  const control = controlOf(series, spoilt, options)
  const fastest = measured.toSorted((a, b) => median(a.roundNs) - median(b.roundNs))[0]
  const floor = control?.floor ?? 0
  const results = measured.map((one) => {
    const result = resultOf(one, options)
    if (fastest === undefined || one === fastest) return result
    const ratio = comparisonOf(one, fastest, { spoilt, floor, random: options.random })
    return { ...result, ratio: { to: nameOf(fastest), ...ratio } }
  })
  const gaps = series.flatMap((one) =>
    one.failure === undefined || one.control ? [] : [gapOf(one, options)],
  )
  return { results, openLoop: measured.flatMap((one) => openLoopOf(one, options)), control, gaps }
}

/** What goes wrong with a backend's second entry is wrong with the backend. */
function withControl(one: Series, all: readonly Series[]): Series {
  const again = all.find(({ control, backend }) => control && backend === one.backend)
  if (one.failure !== undefined || again?.failure === undefined) return one
  return { ...one, failure: again.failure, events: again.events }
}

/** What tells the figures of a case from others. */
export function headOf({ workload, case: { variant, fds } }: Pick<SummaryOptions, 'workload' | 'case'>): {
  readonly workload: string
  readonly variant?: string
  readonly fds: number
} {
  return { workload, ...(variant === undefined ? {} : { variant }), fds }
}

function gapOf(series: Series, options: SummaryOptions): BenchGap {
  const { outcome = 'failed', failure = '' } = series.failure ?? {}
  const gap = { ...headOf(options), backend: nameOf(series), outcome, reason: failure }
  return outcome === 'failed' && isWrong(series.events) ? { ...gap, events: series.events } : gap
}

function comparisonOf(
  subject: Series,
  base: Series,
  options: { readonly spoilt: ReadonlySet<number>; readonly floor: number; readonly random: Random },
): Comparison {
  const { spoilt: disturbed, floor, random } = options
  const costs = { subject: subject.roundNs, base: base.roundNs }
  return compareRounds({ ...costs, disturbed, threshold: LOCAL_THRESHOLD, floor, random })
}

/** The backend that was entered twice, held against itself. */
function controlOf(
  series: readonly Series[],
  spoilt: ReadonlySet<number>,
  options: SummaryOptions,
): Control | undefined {
  const again = series.find(({ control }) => control)
  const first = series.find(({ backend, control }) => !control && backend === again?.backend)
  if (again === undefined || first === undefined) return undefined
  if (again.failure !== undefined || first.failure !== undefined || again.roundNs.length === 0)
    return undefined
  const { random } = options
  const comparison = comparisonOf(again, first, { spoilt, floor: 0, random })
  return {
    ...headOf(options),
    backend: nameOf(first),
    ...comparison,
    floor: floorOf(comparison.ci95),
  }
}

function resultOf(series: Series, options: SummaryOptions): BenchResult {
  const { eventsPerCycle, active } = options.case
  const samples = ascending(series.samples.kept)
  const perEvent = (value: number): number => value / eventsPerCycle
  const roundNs = series.roundNs.map(perEvent)
  const medianNs = median(roundNs)
  const drifts = drift(roundNs)
  const { herd, libevent, pool } = series.detail()
  return {
    ...headOf(options),
    backend: nameOf(series),
    active,
    driver: options.driver,
    cycles: series.cycles,
    rounds: roundNs.length,
    samples: series.samples.count,
    eventsPerCycle,
    callsPerCycle: series.callsPerCycle,
    p50Ns: perEvent(quantile(samples, 0.5)),
    p90Ns: perEvent(quantile(samples, 0.9)),
    p99Ns: perEvent(quantile(samples, 0.99)),
    p999Ns: perEvent(quantile(samples, 0.999)),
    maxNs: perEvent(series.samples.max),
    minNs: perEvent(series.samples.min),
    meanNs: perEvent(mean(samples)),
    medianNs,
    ci95Ns: medianInterval(roundNs, options.random),
    roundNs,
    opsPerSecond: 1e9 / medianNs,
    cpuNs: perEvent(series.cpuNs / series.cycles),
    taxNs: perEvent(series.taxNs),
    outliers: outliers(samples),
    ...(drifts === undefined ? {} : { drift: drifts }),
    events: series.events,
    ...(herd === undefined ? {} : { herd }),
    ...(libevent === undefined ? {} : { libevent }),
    ...(pool === undefined ? {} : { pool }),
  }
}

/** Both distributions of an open loop, where there was one. */
function openLoopOf(series: Series, options: SummaryOptions): OpenLoopResult[] {
  const { openLoop } = series.detail()
  if (openLoop === undefined) return []
  const { rateHz, correctedNs, uncorrectedNs } = openLoop
  const corrected = percentilesOf(correctedNs)
  const uncorrected = percentilesOf(uncorrectedNs)
  const { fds: _, ...head } = headOf(options)
  return [
    {
      ...head,
      backend: nameOf(series),
      rateHz,
      signals: correctedNs.length,
      timerSlackNs: PACED_SLACK_NS,
      corrected,
      uncorrected,
    },
  ]
}

function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = ascending(values)
  const at = (q: number): number => quantile(sorted, q)
  return { p50Ns: at(0.5), p90Ns: at(0.9), p99Ns: at(0.99), p999Ns: at(0.999), maxNs: at(1) }
}

function nameOf({ backend: { name } }: Series): BackendName {
  const known = backendNames.find((candidate) => candidate === name)
  if (known === undefined) throw new TypeError(`${name} is not a backend`)
  return known
}
