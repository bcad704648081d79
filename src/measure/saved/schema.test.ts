import { describe, expect, it } from 'vitest'
import { closed } from '../../testing/closed-schema.ts'
import { benchReport, benchResult } from '../../testing/reports.ts'
import type { BenchReport } from '../report.ts'
import { problemOf } from '../../saved/problem.ts'
import { benchSchema } from './schema.ts'
import type { SavedReport } from './schema.ts'

const comparison = { value: 1.5, ci95: [1.4, 1.6], p: 0.01, verdict: 'slower' } as const
const percentiles = { p50Ns: 1, p90Ns: 2, p99Ns: 3, p999Ns: 4, maxNs: 5 }

/** A report with every field that there may be. */
const everything: BenchReport = benchReport(
  [
    benchResult({
      variant: 'edge, one poller',
      drift: -0.7,
      ratio: { to: 'poll', ...comparison },
      herd: {
        threads: 4,
        pollers: 1,
        wokenMin: 1,
        wokenMedian: 1.5,
        wokenMax: 4,
        firstNs: 1000,
        lastNs: 2000,
      },
      libevent: { writes: 100, runsUs: [100, 101], passes: 12 },
    }),
  ],
  {
    openLoop: [
      {
        workload: 'wake-thread',
        variant: 'open loop',
        backend: 'poll',
        rateHz: 1000,
        signals: 1000,
        timerSlackNs: 1,
        corrected: percentiles,
        uncorrected: percentiles,
      },
    ],
    control: [{ workload: 'wake', variant: 'a', backend: 'epoll', fds: 1, ...comparison, floor: 0.02 }],
    scaling: [
      { workload: 'idle', variant: 'a', backend: 'poll', nsPerFd: -1, ci95: [-2, 3], baseNs: -5, growth: 9 },
    ],
    crossovers: [{ workload: 'idle', variant: 'a', below: 'poll', above: 'epoll', fds: 12.5 }],
    gaps: [
      {
        workload: 'wake',
        variant: 'a',
        backend: 'select',
        fds: 1,
        outcome: 'failed',
        reason: 'lost',
        events: { expected: 1, seen: 0, duplicate: 0, spurious: 0, lost: 1 },
      },
    ],
    settings: { ...benchReport([]).settings, active: 3 },
    interrupted: true,
  },
)

describe('the schema of bench', () => {
  it('is the published file', async () => {
    const text = `${JSON.stringify(benchSchema, null, 2)}\n`
    await expect(text).toMatchFileSnapshot('../../../schemas/bench.schema.json')
  })

  it('is kept by reports, whatever fields they have', () => {
    // The compiler holds the types to each other.
    const saved: SavedReport = everything
    expect(problemOf(benchSchema, saved)).toBeUndefined()
    expect(problemOf(benchSchema, benchReport([]))).toBeUndefined()
  })

  it('knows every field of reports', () => {
    expect(problemOf(closed(benchSchema), everything)).toBeUndefined()
    // What closes the schema does its work.
    expect(problemOf(closed(benchSchema), { ...everything, extra: 1 })).toContain('extra')
  })

  it('allows fields that it does not know, of newer versions', () => {
    expect(problemOf(benchSchema, { ...everything, extra: { deep: [1] } })).toBeUndefined()
  })
})
