import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { BenchGap, BenchResult } from '../../../measure/report.ts'
import { benchReport, benchResult } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { benchTable } from './bench.ts'

const plain = { style: makeStyle(false), verbose: false }

const results: readonly BenchResult[] = [
  benchResult(),
  benchResult({
    backend: 'poll',
    medianNs: 15_000,
    opsPerSecond: 1e9 / 15_000,
    rounds: 12,
    taxNs: 9000,
    ratio: { to: 'epoll', value: 1.5, ci95: [1.4, 1.6] },
  }),
  benchResult({ workload: 'idle', fds: 1000, medianNs: 869, p50Ns: 860, taxNs: 100 }),
]

const gaps: readonly BenchGap[] = [
  {
    workload: 'idle',
    backend: 'select',
    fds: 2000,
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
  it('has a row for every figure and every gap, by workload, and says what disturbed it', () => {
    expect(benchTable(benchReport(results, { gaps }), plain)).toMatchInlineSnapshot(`
      "evloop bench · linux 6.1.0 x64 · glibc 2.36 · node 20.19.0
      ┌──────────┬─────────┬──────┬─────────────┬───────────────────┬─────────┬─────────┬────────┬──────────┬────────┬──────────┐
      │ workload │ backend │  fds │      median │     95 % interval │     p50 │     p99 │    max │     rate │  ratio │ call tax │
      ├──────────┼─────────┼──────┼─────────────┼───────────────────┼─────────┼─────────┼────────┼──────────┼────────┼──────────┤
      │ wake     │ epoll   │    1 │     10.0 us │ 9.95 us … 10.1 us │ 9.90 us │ 15.0 us │ 123 us │  100 k/s │   1.00 │     10 % │
      │ wake     │ poll    │    1 │     15.0 us │ 9.95 us … 10.1 us │ 9.90 us │ 15.0 us │ 123 us │ 66.7 k/s │ 1.50 x │     60 % │
      │ wake     │ select  │    1 │      failed │                   │         │         │        │          │        │          │
      │ idle     │ epoll   │ 1000 │      869 ns │ 9.95 us … 10.1 us │  860 ns │ 15.0 us │ 123 us │  100 k/s │   1.00 │     12 % │
      │ idle     │ select  │ 2000 │ unsupported │                   │         │         │        │          │        │          │
      └──────────┴─────────┴──────┴─────────────┴───────────────────┴─────────┴─────────┴────────┴──────────┴────────┴──────────┘
        wake      one registered source: signal it, wait for its event, drain it
        idle      N registered, one of them ready: one wait that does not block, one event
      unsupported: idle on select: it cannot watch descriptors above 1023
      failed: wake on select: of 10 events 1 were lost, 0 came twice, and 0 came for nothing
      Driver ffi: the native calls are made one by one, and each costs time of its own (1.40 us with four arguments), which is in every figure.
      In 1 figure that call tax is more than half: there the tool was measured more than the kernel.
      12 to 20 interleaved rounds in 2.50 s; the process was preempted 1 time; load 0.50 before, 1.00 after.
      "
    `)
  })

  it('says nothing of the call tax where it does not matter, and nothing of rounds where there were none', () => {
    const text = benchTable(benchReport([], { interrupted: true }), plain)
    expect(text).not.toContain('more than half')
    expect(text).not.toContain('Infinity')
    expect(text).toMatch(/\nInterrupted: not everything was measured\.\n$/)
  })

  it('shows a reason without control characters', () => {
    const evil = { ...gaps[0], reason: 'cannot load \u001B[31mx' } as BenchGap
    const text = benchTable(benchReport([], { gaps: [evil] }), plain)
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
