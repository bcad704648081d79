import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { BenchGap, BenchResult } from '../../../measure/report.ts'
import { benchReport, benchResult, environment } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { benchTable } from './bench.ts'

const plain = { style: makeStyle(false), verbose: false }
const verbose = { ...plain, verbose: true }

const ratio = { to: 'epoll', value: 1.5, ci95: [1.4, 1.6], p: 0.001, verdict: 'slower' } as const

const results: readonly BenchResult[] = [
  benchResult(),
  benchResult({ backend: 'poll', medianNs: 15_000, opsPerSecond: 1e9 / 15_000, taxNs: 9000, ratio }),
  benchResult({
    workload: 'ready',
    fds: 1000,
    eventsPerCycle: 10,
    medianNs: 869,
    ci95Ns: [860, 1002],
    taxNs: 2,
  }),
  benchResult({
    workload: 'ready',
    backend: 'poll',
    fds: 1000,
    samples: 19,
    ratio: { ...ratio, value: 1.04, verdict: 'inconclusive' },
  }),
  benchResult({ workload: 'timeout', variant: '1 ms', samples: 999 }),
]

const gaps: readonly BenchGap[] = [
  {
    workload: 'ready',
    backend: 'select',
    fds: 1000,
    outcome: 'unsupported',
    reason: 'it cannot watch descriptors above 1023',
  },
  {
    workload: 'wake',
    backend: 'select',
    fds: 1,
    outcome: 'failed',
    reason: 'of 10 events 1 were lost, 0 came twice, and 0 came for nothing',
    events: { expected: 10, seen: 9, duplicate: 0, spurious: 0, lost: 1 },
  },
]

describe('the table of bench', () => {
  it('has a row for every figure and every gap, by workload, and says what they are worth', () => {
    expect(benchTable(benchReport(results, { gaps }), plain)).toMatchInlineSnapshot(`
      "evloop bench · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0 · 2 processors

      workload        backend   fds       median     95 % interval      p50      p99     max      rate   ratio             cpu    own
      ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      wake            epoll       1      10.0 us    9.95 … 10.1 us  9.90 us  15.0 us  123 us   100 k/s  1.00 x         9.00 us   10 %
      wake            poll        1      15.0 us    9.95 … 10.1 us  9.90 us  15.0 us  123 us  66.7 k/s  1.50 x slower  9.00 us   60 %
      wake            select      1       failed
      ready           epoll    1000       869 ns  860 ns … 1.00 us  9.90 us  15.0 us  123 us   100 k/s  1.00 x         9.00 us  0.2 %
      ready           poll     1000      10.0 us    9.95 … 10.1 us        -        -  123 us   100 k/s  1.04 x ?       9.00 us   10 %
      ready           select   1000  unsupported
      timeout (1 ms)  epoll       1      10.0 us    9.95 … 10.1 us  9.90 us        -  123 us   100 k/s                 9.00 us   10 %

      wake     one registered source: signal it, wait for its event, drain it
      ready    N registered, A of them ready: one wait that does not block, A events; per event
      timeout  nothing ready: a wait with a timeout; how far past the deadline it returns
      median: of the means of rounds; p50, p99, max: of single cycles, - with fewer samples than 10/(1-p); ratio: to the fastest, ?: inconclusive
      cpu: user and system time, preparations included; own: evloop's part of the median; rate: 1/median

      unsupported: ready on select: it cannot watch descriptors above 1023
      failed: wake on select: of 10 events 1 were lost, 0 came twice, and 0 came for nothing

      Driver replay (prebuilt for linux-x64-glibc): replayed in forked processes of one thread, like a plain C program.
      In 1 figure the replayer's own cost is more than half: there the tool was measured more than the kernel.
      3 cases, 30 interleaved rounds each, in 2.50 s; 0 of 90 rounds spoilt.
      Processors: pressure 250 ms (10 %); steal 0 ms; throttled 0 times; preempted 1 time, gave way 12 times; load 0.50 before, 1.00 after.
      Clock 24.0 ns a look, step 20.0 ns; timer slack 50.0 us; level, eventfd, 1024 events a wait; seed 1.
      "
    `)
  })

  it('shows no percentile of too few samples: 10/(1-p) are needed', () => {
    const of = (samples: number): string[] => {
      const text = benchTable(benchReport([benchResult({ samples })]), verbose)
      const rows = text.split('\n').filter((line) => /^wake +epoll/.test(line))
      return rows.flatMap((row) =>
        ['9.90 us', '11.0 us', '15.0 us', '40.0 us'].filter((cell) => row.includes(cell)),
      )
    }
    expect(of(19)).toEqual([])
    expect(of(20)).toEqual(['9.90 us'])
    expect(of(100)).toEqual(['9.90 us', '11.0 us'])
    expect(of(1000)).toEqual(['9.90 us', '15.0 us', '11.0 us'])
    expect(of(10_000)).toEqual(['9.90 us', '15.0 us', '11.0 us', '40.0 us'])
  })

  it.each([
    ['slower', '1.50 x slower'],
    ['faster', '1.50 x faster'],
    ['same', '1.50 x same  '],
    ['inconclusive', '1.50 x ?     '],
  ] as const)('writes the verdict %s behind its ratio', (verdict, text) => {
    const pair = [benchResult(), benchResult({ backend: 'poll', ratio: { ...ratio, verdict } })]
    expect(benchTable(benchReport(pair), plain)).toContain(`  ${text}  9.00 us`)
  })

  it('compares nothing where there is one backend', () => {
    const text = benchTable(benchReport([benchResult()]), plain)
    expect(text).not.toMatch(/\d x /)
  })

  it('shows a dash for what is not a number', () => {
    const broken = benchResult({
      medianNs: NaN,
      ci95Ns: [NaN, NaN],
      opsPerSecond: Infinity,
      cpuNs: NaN,
      maxNs: NaN,
    })
    for (const options of [plain, verbose]) {
      expect(benchTable(benchReport([broken]), options)).not.toMatch(/NaN|Infinity/)
    }
  })

  it('is not wider than 150 columns with the longest names and figures', () => {
    const wide = benchResult({
      workload: 'wake-thread',
      variant: 'open loop, 10000/s',
      fds: 19_000,
      medianNs: 999e6,
      ci95Ns: [99_900, 999e6],
      ratio: { ...ratio, value: 1730 },
    })
    const lines = benchTable(benchReport([wide, { ...wide, backend: 'select' }]), verbose).split('\n')
    const tables = lines.filter((line) => /^(workload|wake-thread \()/.test(line))
    expect(tables.length).toBeGreaterThan(5)
    expect(Math.max(...tables.map(({ length }) => length))).toBeLessThanOrEqual(150)
  })

  it('says which processor it was, and how many of them could be used', () => {
    const { platform } = environment
    const cpus = { model: 'AMD EPYC \u001B[31m', count: 4, usable: 2 }
    const text = benchTable(
      benchReport([], { environment: { ...environment, platform: { ...platform, cpus } } }),
      plain,
    )
    expect(text.split('\n')[0]).toMatch(/ · node 20\.19\.0 · AMD EPYC \\x1b\[31m · 2 of 4 processors$/)
  })

  it('has neither a table nor rounds where nothing was measured', () => {
    expect(benchTable(benchReport([], { interrupted: true }), verbose)).toMatchInlineSnapshot(`
      "evloop bench · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0 · 2 processors

      Driver replay (prebuilt for linux-x64-glibc): replayed in forked processes of one thread, like a plain C program.
      Clock 24.0 ns a look, step 20.0 ns; timer slack 50.0 us; level, eventfd, 1024 events a wait; seed 1.
      Interrupted: not everything was measured.
      "
    `)
  })

  it('shows gaps where there is nothing else', () => {
    const text = benchTable(benchReport([], { gaps }), plain)
    expect(text).toMatch(/\nwake +select +1 +failed\n/)
    expect(text).not.toContain('median of')
  })

  it('shows names and reasons without control characters', () => {
    const evil = { ...gaps[0], variant: '\u001B[2J', reason: 'cannot load \u001B[31mx' } as BenchGap
    const driver = { name: 'ffi', reason: 'no \u009B file' } as const
    const text = benchTable(
      benchReport([benchResult({ variant: 'a\tb' })], { gaps: [evil], driver }),
      verbose,
    )
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(text).toContain('cannot load \\x1b[31mx')
  })

  it('has the same words with colour', () => {
    const report = benchReport(results, { gaps })
    const colored = benchTable(report, { ...plain, style: makeStyle(true) })
    expect(colored).toContain('\u001B[31m')
    expect(stripVTControlCharacters(colored)).toBe(benchTable(report, plain))
  })
})
