import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { compareReports } from '../../../measure/compare/compare-reports.ts'
import type { CompareReport } from '../../../measure/compare/report.ts'
import type { BenchReport, BenchResult } from '../../../measure/report.ts'
import type { Saved } from '../../../measure/saved/load.ts'
import { benchReport, environment, measuredResult, roundsAround } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { benchTable } from './bench.ts'
import { compareTable } from './compare.ts'
import { tables } from './index.ts'

const plain = { style: makeStyle(false), verbose: false }

const around = (medianNs: number, over: Partial<BenchResult> = {}, seed = 1): BenchResult =>
  measuredResult(roundsAround(medianNs, 0.01, 30, seed), over)

const saved = (file: string, results: readonly BenchResult[], over: Partial<BenchReport> = {}): Saved => ({
  file,
  report: benchReport(results, over),
})

const base = saved('old.json', [
  around(1000),
  around(2000, { backend: 'poll' }),
  around(500, { workload: 'herd', variant: 'edge, one poller', fds: 2 }),
  around(10, { workload: 'idle', fds: 10 }),
  around(10, { workload: 'idle', fds: 100 }),
  around(700, { workload: 'eof' }),
])

const other = saved(
  'new.json',
  [
    around(1080, {}, 2),
    around(2000, { backend: 'poll' }, 3),
    around(505, { workload: 'herd', variant: 'edge, one poller', fds: 2 }, 4),
    around(250, { workload: 'idle', fds: 10 }, 5),
    around(10, { workload: 'idle', fds: 100, active: 2 }, 6),
    around(5, { workload: 'echo', fds: 2 }),
  ],
  {
    gaps: [
      { workload: 'eof', backend: 'epoll', fds: 1, outcome: 'failed', reason: 'of 9 events 1 was lost' },
    ],
    control: [
      {
        workload: 'herd',
        variant: 'edge, one poller',
        backend: 'epoll',
        fds: 2,
        value: 1,
        ci95: [0.9, 1.05],
        p: 1,
        verdict: 'inconclusive',
        floor: 0.11,
      },
    ],
    tool: { name: 'evloop', version: '1.3.0' },
  },
)

function compare(others: readonly Saved[], failOn?: number): CompareReport {
  return compareReports({ base, others, version: '1.3.0', failOn })
}

describe('the table of compare', () => {
  it('has figures of both files, changes that are established, and what could not be compared', () => {
    expect(compareTable(compare([other], 0.05), plain)).toMatchInlineSnapshot(`
      "evloop compare · base old.json · linux 6.1.0 x64 · evloop 1.2.3 · 2026-01-02T03:04:05.678Z
      new.json · linux 6.1.0 x64 · evloop 1.3.0 · 2026-01-02T03:04:05.678Z
      workload                 backend  fds           base            now    change    95 % interval       p  rounds  verdict
      ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      wake                     epoll      1  1.00 us ± 1 %  1.08 us ± 1 %    +8.0 %  +7.5 % … +8.5 %  <0.001   30+30  slower
      wake                     poll       1  2.00 us ± 1 %  2.00 us ± 1 %         ~  -0.5 % … +0.5 %   1.000   30+30  same
      herd (edge, one poller)  epoll      2   500 ns ± 1 %   505 ns ± 1 %         ~  +0.5 % … +1.5 %  <0.001   30+30  inconclusive
      idle                     epoll     10  10.0 ns ± 1 %   250 ns ± 1 %    25.0 x  24.9 x … 25.1 x  <0.001   30+30  slower
      geometric mean           epoll                            3 figures  +201.0 %
      geometric mean           poll                              1 figure    +0.0 %
      geometric mean           all                              4 figures  +128.5 %
      different: evloop 1.2.3 → 1.3.0
      failed: eof on epoll at 1: of 9 events 1 was lost
      not comparable: idle on epoll at 100: active 1 in the base, 2 here
      not in the base: echo on epoll at 2
      Noise hides differences of up to 11.0 % (herd (edge, one poller) on epoll at 2).
      Limit of 5 %: failed: 2 figures slower by more than that, 1 failed, 1 undecided, 2 within.
      "
    `)
  })

  it('warns where machines differ, and of too few rounds', () => {
    const few = saved('few.json', [measuredResult(roundsAround(1000, 0.01, 3))], {
      interrupted: true,
      environment: { ...environment, platform: { ...environment.platform, kernel: '6.2.0' } },
    })
    const text = compareTable(compare([few]), plain)
    expect(text).toContain(
      'few.json · linux 6.2.0 x64 · evloop 1.2.3 · 2026-01-02T03:04:05.678Z · interrupted\n',
    )
    expect(text).toContain(
      'warning: the machines differ, so there are no verdicts (--across-machines gives them): kernel 6.1.0 → 6.2.0\n',
    )
    const alone = compareTable(compare([saved('few.json', few.report.results as BenchResult[])]), plain)
    expect(alone).toContain('1 figure of too few independent rounds for a verdict: measure for longer.\n')
  })

  it('says so where there is nothing to compare', () => {
    const text = compareTable(compare([saved('none.json', [])], 0.05), plain)
    expect(text).toContain('There is nothing to compare.\n')
    expect(text).toMatch(/\nLimit of 5 %: undecided: [^\n]+\n$/)
    expect(text).not.toContain('NaN')
  })

  it('names all that was not compared only if it is told to', () => {
    const many = Array.from({ length: 9 }, (_, i) => around(1, { workload: 'ready', fds: i + 1 }))
    const report = compareReports({ base: saved('a', many), others: [saved('b', [])], version: '1' })
    expect(compareTable(report, plain)).toContain('ready on epoll at 6 and 3 more: it was not measured')
    expect(compareTable(report, { ...plain, verbose: true })).toContain('ready on epoll at 9: it was not')
  })

  it('shows names of files, and in files, without control characters', () => {
    const evil = around(1, { workload: 'w\u001B[31m', variant: '\u0007', fds: 1 })
    const report = compareReports({
      base: saved('a\u001B]0;x', [evil, around(1, { workload: '\u009B', fds: 2 })]),
      others: [
        saved('b\nc', [evil], {
          environment: { ...environment, platform: { ...environment.platform, kernel: '\u001Bc' } },
          startedAt: '\u001B[2J',
        }),
      ],
      version: '1',
    })
    const text = compareTable(report, plain)
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(text).toContain('w\\x1b[31m (\\x07)')
  })

  it('has the same words with colour', () => {
    const report = compare([other], 0.05)
    const colored = compareTable(report, { ...plain, style: makeStyle(true) })
    expect(colored).toContain('\u001B[31m')
    expect(stripVTControlCharacters(colored)).toBe(compareTable(report, plain))
  })

  it('stands below that of bench if there is a baseline', async () => {
    const baseline = compare([other])
    const report = benchReport([], { baseline })
    const bench = await tables.bench()
    expect(bench(report, plain)).toBe(`${benchTable(report, plain)}\n${compareTable(baseline, plain)}`)
  })
})
