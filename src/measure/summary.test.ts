import { describe, expect, it } from 'vitest'
import { epoll } from '../backends/epoll.ts'
import { poll } from '../backends/poll.ts'
import { select } from '../backends/select.ts'
import { seededRandom } from './random.ts'
import type { Series } from './rounds.ts'
import { summarise } from './summary.ts'

const events = { expected: 4, seen: 4, duplicate: 0, spurious: 0, lost: 0 }

/** A series in which every round has one cycle. */
const series = (backend: Series['backend'], roundMeans: number[], over: Partial<Series> = {}): Series => ({
  backend,
  events,
  samples: roundMeans,
  roundMeans,
  cpuNs: 0,
  taxNs: 0,
  failure: undefined,
  ...over,
})

const summaryOf = (all: readonly Series[], eventsPerCycle = 1): ReturnType<typeof summarise> =>
  summarise(all, { workload: 'wake', fds: 10, active: 2, eventsPerCycle, random: seededRandom(1) })

describe('a summary', () => {
  it('has the percentiles of single cycles, and the median of the means of rounds', () => {
    const samples = Array.from({ length: 1001 }, (_, i) => 1000 - i)
    const { results, gaps } = summaryOf([series(epoll, [400, 500, 900], { samples, cpuNs: 2002, taxNs: 30 })])
    expect(gaps).toEqual([])
    expect(results).toEqual([
      {
        workload: 'wake',
        backend: 'epoll',
        fds: 10,
        active: 2,
        driver: 'ffi',
        cycles: 1001,
        rounds: 3,
        eventsPerCycle: 1,
        p50Ns: 500,
        p90Ns: 900,
        p99Ns: 990,
        p999Ns: 999,
        maxNs: 1000,
        minNs: 0,
        meanNs: 500,
        medianNs: 500,
        ci95Ns: [400, 900],
        opsPerSecond: 2_000_000,
        cpuNs: 2,
        taxNs: 30,
        events,
      },
    ])
  })

  it('divides every duration by the events of a cycle', () => {
    const all = [series(epoll, [1000, 1000], { cpuNs: 4000, taxNs: 200 })]
    expect(summaryOf(all, 10).results[0]).toMatchObject({
      eventsPerCycle: 10,
      p50Ns: 100,
      maxNs: 100,
      meanNs: 100,
      medianNs: 100,
      ci95Ns: [100, 100],
      opsPerSecond: 10_000_000,
      cpuNs: 200,
      taxNs: 20,
    })
  })

  it('compares each backend with the fastest, which is compared with none', () => {
    const { results } = summaryOf([
      series(select, [300, 300]),
      series(poll, [100, 100]),
      series(epoll, [200, 200]),
    ])
    expect(results.map(({ backend, ratio }) => [backend, ratio])).toEqual([
      ['select', { to: 'poll', value: 3, ci95: [3, 3] }],
      ['poll', undefined],
      ['epoll', { to: 'poll', value: 2, ci95: [2, 2] }],
    ])
  })

  it('takes ratios round by round: what slows a whole round down cancels out', () => {
    const machine = [1, 7, 1, 30, 2, 1, 90, 3]
    const [fast, slow] = [machine.map((load) => 100 * load), machine.map((load) => 150 * load)]
    const { results } = summaryOf([series(epoll, fast), series(poll, slow)])
    expect(results[1]?.ratio).toEqual({ to: 'epoll', value: 1.5, ci95: [1.5, 1.5] })
    expect(results[1]?.ci95Ns).not.toEqual([results[1]?.medianNs, results[1]?.medianNs])
  })

  it('has a gap with the reason and the counts in place of a figure for a backend that failed', () => {
    const lost = { ...events, seen: 3, lost: 1 }
    const failed = series(epoll, [1], { failure: 'of 4 events 1 were lost', events: lost })
    const { results, gaps } = summaryOf([failed, series(poll, [100])])
    expect(results.map(({ backend, ratio }) => [backend, ratio])).toEqual([['poll', undefined]])
    expect(gaps).toEqual([
      {
        workload: 'wake',
        backend: 'epoll',
        fds: 10,
        outcome: 'failed',
        reason: 'of 4 events 1 were lost',
        events: lost,
      },
    ])
  })

  it('has neither for a backend that was interrupted before its first round', () => {
    expect(summaryOf([series(epoll, [])])).toEqual({ results: [], gaps: [] })
  })
})
