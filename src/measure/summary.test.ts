import { describe, expect, it } from 'vitest'
import { epoll } from '../backends/epoll.ts'
import { poll } from '../backends/poll.ts'
import { select } from '../backends/select.ts'
import { wake } from '../workloads/wake.ts'
import type { Case, Detail } from '../workloads/workload.ts'
import { seededRandom } from '../random.ts'
import type { Series } from './rounds.ts'
import { Samples } from './samples.ts'
import { summarise } from './summary.ts'

const events = { expected: 4, seen: 4, duplicate: 0, spurious: 0, lost: 0 }
const [wakeCase] = wake.cases({
  fds: 10,
  eventsPerWait: 8,
  trigger: 'level',
  source: 'eventfd',
  writes: 0,
  rateHz: 1000,
}) as readonly [Case]

/** What a test says of a series; single cycles are as long as the rounds' means unless it says otherwise. */
interface Made extends Partial<Omit<Series, 'samples' | 'detail'>> {
  readonly cyclesNs?: readonly number[]
  readonly detail?: () => Detail
}

function series(backend: Series['backend'], roundNs: number[], made: Made = {}): Series {
  const { cyclesNs = roundNs, ...over } = made
  const samples = new Samples(seededRandom(1))
  for (const ns of cyclesNs) samples.add(ns)
  return {
    backend,
    control: false,
    events,
    callsPerCycle: 3,
    taxNs: 0,
    detail: () => ({}),
    samples,
    roundNs,
    cycles: 1,
    cpuNs: 0,
    failure: undefined,
    ...over,
  }
}

interface Given {
  readonly eventsPerCycle?: number
  readonly spoilt?: readonly number[]
  readonly variant?: string
}

const summaryOf = (all: readonly Series[], given: Given = {}): ReturnType<typeof summarise> => {
  const { spoilt = [], ...over } = given
  const rounds = { series: all, spoilt: new Set(spoilt), switches: { voluntary: 0, involuntary: 0 } }
  const random = seededRandom(1)
  return summarise(rounds, { workload: 'wake', case: { ...wakeCase, ...over }, driver: 'replay', random })
}

const times = (count: number, value: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => value(i))

describe('a summary', () => {
  it('has the percentiles of single cycles, and the median of the means of rounds', () => {
    const cyclesNs = times(1001, (i) => 1000 - i)
    const { results, gaps } = summaryOf([
      series(epoll, [400, 500, 900], { cyclesNs, cycles: 1001, cpuNs: 2002, taxNs: 30 }),
    ])
    expect(gaps).toEqual([])
    expect(results).toEqual([
      {
        workload: 'wake',
        backend: 'epoll',
        fds: 1,
        active: 1,
        driver: 'replay',
        cycles: 1001,
        rounds: 3,
        samples: 1001,
        eventsPerCycle: 1,
        callsPerCycle: 3,
        p50Ns: 500,
        p90Ns: 900,
        p99Ns: 990,
        p999Ns: 999,
        maxNs: 1000,
        minNs: 0,
        meanNs: 500,
        medianNs: 500,
        ci95Ns: [400, 900],
        roundNs: [400, 500, 900],
        opsPerSecond: 2_000_000,
        cpuNs: 2,
        taxNs: 30,
        outliers: { mild: 0, severe: 0 },
        events,
      },
    ])
  })

  it('divides every duration by the events of a cycle', () => {
    const all = [series(epoll, [1000, 1000], { cycles: 2, cpuNs: 4000, taxNs: 200 })]
    expect(summaryOf(all, { eventsPerCycle: 10 }).results[0]).toMatchObject({
      eventsPerCycle: 10,
      p50Ns: 100,
      p999Ns: 100,
      maxNs: 100,
      minNs: 100,
      meanNs: 100,
      medianNs: 100,
      ci95Ns: [100, 100],
      roundNs: [100, 100],
      opsPerSecond: 10_000_000,
      cpuNs: 200,
      taxNs: 20,
    })
  })

  it('counts outliers, and leaves none of them out', () => {
    const cyclesNs = [...times(100, (i) => 100 + i), 5000, 9000]
    const [result] = summaryOf([series(epoll, [100], { cyclesNs })]).results
    expect(result?.outliers).toEqual({ mild: 0, severe: 2 })
    expect(result).toMatchObject({ maxNs: 9000, samples: 102 })
  })

  it('tells of a drift, and of none where there is none', () => {
    const rising = summaryOf([
      series(
        epoll,
        times(30, (i) => 100 + i),
      ),
    ]).results[0]
    expect(rising?.drift).toBeCloseTo(1, 9)
    const still = summaryOf([
      series(
        epoll,
        times(30, (i) => 100 + (i % 2)),
      ),
    ]).results[0]
    expect(still).not.toHaveProperty('drift')
  })

  it('compares each backend with the fastest, which is compared with none', () => {
    const { results } = summaryOf([
      series(
        select,
        times(30, (i) => 300 + (i % 3)),
      ),
      series(
        poll,
        times(30, (i) => 100 + (i % 3)),
      ),
      series(
        epoll,
        times(30, (i) => 200 + (i % 3)),
      ),
    ])
    expect(results.map(({ backend, ratio }) => [backend, ratio?.to, ratio?.verdict])).toEqual([
      ['select', 'poll', 'slower'],
      ['poll', undefined, undefined],
      ['epoll', 'poll', 'slower'],
    ])
    expect(results[0]?.ratio?.value).toBeCloseTo(301 / 101, 6)
    expect(results[0]?.ratio?.p).toBeLessThan(1e-4)
  })

  it('takes ratios round by round: what slows a whole round down cancels out', () => {
    const machine = [1, 7, 1, 30, 2, 1, 90, 3, 5, 1]
    const [fast, slow] = [machine.map((load) => 100 * load), machine.map((load) => 150 * load)]
    const [, result] = summaryOf([series(epoll, fast), series(poll, slow)]).results
    expect(result?.ratio).toMatchObject({ to: 'epoll', verdict: 'slower' })
    for (const value of [result?.ratio?.value, ...(result?.ratio?.ci95 ?? [])])
      expect(value).toBeCloseTo(1.5, 9)
  })

  it('has both distributions of an open loop', () => {
    const uncorrectedNs = times(101, (i) => i)
    const correctedNs = uncorrectedNs.map((ns) => 10 * ns)
    const detail = (): Detail => ({ openLoop: { rateHz: 500, correctedNs, uncorrectedNs } })
    const { openLoop } = summaryOf([series(epoll, [1], { detail })], { variant: 'open loop' })
    expect(openLoop).toMatchObject([
      {
        workload: 'wake',
        variant: 'open loop',
        backend: 'epoll',
        rateHz: 500,
        signals: 101,
        corrected: { p50Ns: 500, p90Ns: 900, p99Ns: 990, maxNs: 1000 },
        uncorrected: { p50Ns: 50, p90Ns: 90, p99Ns: 99, maxNs: 100 },
      },
    ])
  })

  it('has a gap with the reason and the counts in place of a figure for a backend that failed', () => {
    const lost = { ...events, seen: 3, lost: 1 }
    const failure = { outcome: 'failed', failure: 'of 4 events 1 were lost' } as const
    const { results, gaps } = summaryOf([series(epoll, [1], { failure, events: lost }), series(poll, [100])])
    expect(results.map(({ backend, ratio }) => [backend, ratio])).toEqual([['poll', undefined]])
    expect(gaps).toEqual([
      {
        workload: 'wake',
        backend: 'epoll',
        fds: 1,
        outcome: 'failed',
        reason: failure.failure,
        events: lost,
      },
    ])
  })

  it('does not say that all events came where something else than events was wrong', () => {
    const failure = { outcome: 'failed', failure: 'it crashed' } as const
    const { gaps } = summaryOf([series(epoll, [], { failure })])
    expect(gaps).toEqual([
      { workload: 'wake', backend: 'epoll', fds: 1, outcome: 'failed', reason: 'it crashed' },
    ])
  })

  it('has neither for a backend that was interrupted before its first round', () => {
    expect(summaryOf([series(epoll, [])])).toMatchObject({ results: [], gaps: [], openLoop: [] })
  })
})

describe('the control', () => {
  /** Rounds that go up and down by a part, not in step with others of another phase. */
  const noisy = (base: number, part: number, phase: number): number[] =>
    times(40, (i) => base * (1 + part * Math.sin(i * 2.4 + phase)))

  it('is no result of its own, but a comparison of the backend with itself', () => {
    const { results, control } = summaryOf([
      series(epoll, noisy(100, 0.001, 0)),
      series(poll, noisy(200, 0.001, 1)),
      series(epoll, noisy(100, 0.001, 2), { control: true }),
    ])
    expect(results.map(({ backend }) => backend)).toEqual(['epoll', 'poll'])
    expect(control).toMatchObject({ workload: 'wake', backend: 'epoll', fds: 1, verdict: 'same' })
    expect(control?.value).toBeCloseTo(1, 2)
    expect(control?.floor).toBeLessThan(0.01)
  })

  it('sets the floor below which nothing is claimed', () => {
    const again = noisy(112, 0.01, 2)
    const { results, control } = summaryOf([
      series(epoll, noisy(100, 0.01, 0)),
      series(poll, noisy(108, 0.01, 1)),
      series(epoll, again, { control: true }),
    ])
    expect(control?.floor).toBeGreaterThan(0.1)
    expect(results.find(({ backend }) => backend === 'poll')?.ratio?.verdict).toBe('inconclusive')
    // Without the control the same figures are a difference.
    const bare = summaryOf([series(epoll, noisy(100, 0.01, 0)), series(poll, noisy(108, 0.01, 1))])
    expect(bare.results.find(({ backend }) => backend === 'poll')?.ratio?.verdict).toBe('slower')
  })

  it('never makes a difference "the same", however large the floor is', () => {
    const { results, control } = summaryOf([
      series(epoll, noisy(100, 0.3, 0)),
      series(poll, noisy(103, 0.3, 0)),
      series(epoll, noisy(180, 0.3, 2), { control: true }),
    ])
    expect(control?.floor).toBeGreaterThan(0.5)
    expect(results.find(({ backend }) => backend === 'poll')?.ratio?.verdict).toBe('inconclusive')
  })

  it('is not there where the backend failed in it, and then the backend has failed', () => {
    const failure = { outcome: 'failed', failure: 'wake on epoll: lost' } as const
    const lost = { ...events, seen: 3, lost: 1 }
    const { results, control, gaps } = summaryOf([
      series(epoll, noisy(100, 0.001, 0)),
      series(poll, noisy(200, 0.001, 1)),
      series(epoll, [], { control: true, failure, events: lost }),
    ])
    expect(control).toBeUndefined()
    expect(results.map(({ backend }) => backend)).toEqual(['poll'])
    expect(gaps).toMatchObject([
      { backend: 'epoll', outcome: 'failed', reason: failure.failure, events: lost },
    ])
  })
})

describe('spoilt rounds', () => {
  const base = times(40, (i) => 100 + (i % 3) / 10)
  // Four of five, but in no rhythm: rounds that resemble their neighbours would count for less.
  const order = seededRandom(3)
  const spoilt = times(40, (i) => i).filter(() => order() < 0.75)
  const isSpoilt = (round: number): boolean => spoilt.includes(round)

  it('take back a difference that is in no other round', () => {
    const subject = base.map((ns, round) =>
      isSpoilt(round) ? 1.5 * ns : ns * (1 + ((round % 5) - 2) / 1000),
    )
    const [, all] = summaryOf([series(epoll, base), series(poll, subject)]).results
    expect(all?.ratio?.verdict).toBe('slower')
    const [, result] = summaryOf([series(epoll, base), series(poll, subject)], { spoilt }).results
    expect(result?.ratio?.verdict).toBe('inconclusive')
    // The figures are the same: no round is left out of them.
    expect(result).toMatchObject({ medianNs: all?.medianNs, roundNs: subject, rounds: 40 })
  })

  it('do not matter to a difference that is in the others too', () => {
    const subject = base.map((ns, round) => (isSpoilt(round) ? 1.9 * ns : 1.5 * ns))
    const [, result] = summaryOf([series(epoll, base), series(poll, subject)], { spoilt }).results
    expect(result?.ratio?.verdict).toBe('slower')
  })
})
