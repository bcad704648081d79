import { backendNames } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import type { Random } from './random.ts'
import type { BenchGap, BenchResult } from './report.ts'
import type { Series } from './rounds.ts'
import { medianInterval } from './statistics/bootstrap.ts'
import { ascending, mean, median, quantile } from './statistics/describe.ts'

/** What the series of one workload have in common. */
export interface SummaryOptions {
  readonly workload: string
  readonly fds: number
  readonly active: number
  readonly eventsPerCycle: number
  readonly random: Random
}

/** Turns the series of one workload into results, with the ratio of each to the fastest. */
export function summarise(
  all: readonly Series[],
  options: SummaryOptions,
): { readonly results: BenchResult[]; readonly gaps: BenchGap[] } {
  const { workload, fds } = options
  const gaps = all
    .filter(({ failure }) => failure !== undefined)
    .map(({ backend, failure, events }) => ({
      workload,
      backend: nameOf(backend.name),
      fds,
      outcome: 'failed' as const,
      reason: failure ?? '',
      events,
    }))
  const measured = all.filter(({ failure, samples }) => failure === undefined && samples.length > 0)
  const fastest = measured.toSorted((a, b) => median(a.roundMeans) - median(b.roundMeans))[0]
  const results = measured.map((series) => ({
    ...resultOf(series, options),
    ...(fastest === undefined || series === fastest
      ? {}
      : { ratio: { to: nameOf(fastest.backend.name), ...ratioOf(series, fastest, options.random) } }),
  }))
  return { results, gaps }
}

function resultOf(series: Series, options: SummaryOptions): BenchResult {
  const { workload, fds, active, eventsPerCycle, random } = options
  const samples = ascending(series.samples)
  const rounds = series.roundMeans.map((value) => value / eventsPerCycle)
  const perEvent = (value: number): number => value / eventsPerCycle
  const medianNs = median(rounds)
  return {
    workload,
    backend: nameOf(series.backend.name),
    fds,
    active,
    driver: 'ffi',
    cycles: samples.length,
    rounds: rounds.length,
    eventsPerCycle,
    p50Ns: perEvent(quantile(samples, 0.5)),
    p90Ns: perEvent(quantile(samples, 0.9)),
    p99Ns: perEvent(quantile(samples, 0.99)),
    p999Ns: perEvent(quantile(samples, 0.999)),
    maxNs: perEvent(samples.at(-1) ?? NaN),
    minNs: perEvent(samples[0] ?? NaN),
    meanNs: perEvent(mean(samples)),
    medianNs,
    ci95Ns: medianInterval(rounds, random),
    opsPerSecond: 1e9 / medianNs,
    cpuNs: perEvent(series.cpuNs / samples.length),
    taxNs: perEvent(series.taxNs),
    events: series.events,
  }
}

/** Ratios are taken round by round, so that what slowed a whole round down cancels out. */
function ratioOf(
  series: Series,
  fastest: Series,
  random: Random,
): Pick<NonNullable<BenchResult['ratio']>, 'value' | 'ci95'> {
  const ratios = series.roundMeans.map((value, round) => value / (fastest.roundMeans[round] ?? NaN))
  return { value: median(ratios), ci95: medianInterval(ratios, random) }
}

function nameOf(name: string): BackendName {
  const known = backendNames.find((candidate) => candidate === name)
  if (known === undefined) throw new TypeError(`${name} is not a backend`)
  return known
}
