import { describe, expect, it } from 'vitest'
import type { BenchResult, Crossover, Scaling } from '../../../measure/report.ts'
import type { Verdict } from '../../../measure/statistics/verdict.ts'
import { benchReport, benchResult } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { benchTable } from './bench.ts'

const plain = { style: makeStyle(false), verbose: false }

function idle(backend: 'epoll' | 'poll', fds: number, medianNs: number, verdict?: Verdict): BenchResult {
  const to = backend === 'epoll' ? 'poll' : 'epoll'
  const ratio = { to, value: 1.2, ci95: [1.1, 1.3], p: 0.001 } as const
  return benchResult({
    workload: 'idle',
    backend,
    fds,
    medianNs,
    ...(verdict === undefined ? {} : { ratio: { ...ratio, verdict } }),
  })
}

const results = [
  benchResult(),
  idle('epoll', 10, 387, 'slower'),
  idle('poll', 10, 300),
  idle('epoll', 100, 389),
  idle('poll', 100, 2880, 'inconclusive'),
  idle('epoll', 1000, 392),
  idle('poll', 1000, 25_700, 'same'),
]

const scaling: readonly Scaling[] = [
  { workload: 'idle', backend: 'epoll', nsPerFd: 0.0052, ci95: [-0.001, 0.2], baseNs: 387, growth: 1.013 },
  { workload: 'idle', backend: 'poll', nsPerFd: 25.5, ci95: [25.1, 26], baseNs: 45, growth: 85.7 },
]

const crossover: Crossover = { workload: 'idle', below: 'poll', above: 'epoll', fds: 13 }

describe('the table of a sweep', () => {
  it('has a column for every size, how costs grow, and where backends cross', () => {
    const text = benchTable(benchReport(results, { scaling, crossovers: [crossover] }), plain)
    const [, ...blocks] = text.split('\n\n')
    expect(blocks.slice(0, 2).join('\n')).toMatchInlineSnapshot(`
      "workload  backend  fds   median   95 % interval      p50      p99     max     rate  ratio             cpu   own
      ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
      wake      epoll      1  10.0 us  9.95 … 10.1 us  9.90 us  15.0 us  123 us  100 k/s                9.00 us  10 %
      workload  backend  10 fds    100 fds    1000 fds    growth   per fd       95 % interval
      ───────────────────────────────────────────────────────────────────────────────────────
      idle      epoll    387 ns     389 ns      392 ns    1.01 x  5.20 ps  -1.00 ps … 0.20 ns
      idle      poll     300 ns    2.88 us ?   25.7 us =  85.7 x  25.5 ns      25.1 … 26.0 ns
      growth: from the smallest to the largest size measured; per fd: slope by Theil and Sen; ?: not told apart from the fastest; =: the same
      idle: epoll and poll may cross at about 13 descriptors (not told apart at 100)"
    `)
  })

  it('is beside all single figures with --verbose', () => {
    const text = benchTable(benchReport(results, { scaling }), { ...plain, verbose: true })
    expect(text).toMatch(/\nidle +poll +1000 +25\.7 us/)
    expect(text).toMatch(/\nworkload +backend +10 fds +100 fds +1000 fds/)
  })

  it('is not there without a sweep', () => {
    expect(benchTable(benchReport([benchResult()]), plain)).not.toContain('growth')
  })

  it('says of a crossing whether backends could be told apart around it', () => {
    const sizes = [idle('epoll', 10, 310, 'same'), ...results.slice(2)]
    const line = (crossovers: readonly Crossover[]): string | undefined =>
      benchTable(benchReport(sizes, { crossovers }), plain)
        .split('\n')
        .find((text) => text.startsWith('idle: '))
    expect(line([crossover])).toBe(
      'idle: epoll and poll may cross at about 13 descriptors (not told apart at 10 and 100)',
    )
    // Neither is the fastest there, so nothing is known against it.
    expect(line([{ ...crossover, above: 'select', fds: 10 }])).toBe(
      'idle: select is cheaper than poll from about 10 descriptors on',
    )
  })

  it('has a dash for a size that could not be measured, and a word for one that failed', () => {
    const gap = { workload: 'idle', backend: 'select', reason: 'no' } as const
    const gaps = [
      { ...gap, fds: 10, outcome: 'failed' },
      { ...gap, fds: 1000, outcome: 'unsupported' },
    ] as const
    expect(benchTable(benchReport(results, { gaps }), plain)).toMatch(
      /\nidle +select +failed +- +- +- +- +-\n/,
    )
  })

  it('gives no interval where two sizes make a single slope', () => {
    const single = { ...scaling[1], ci95: [25.5, 25.5] } as Scaling
    expect(benchTable(benchReport(results, { scaling: [single] }), plain)).toMatch(/ 25\.5 ns +-\n/)
  })
})
