import { expect, it } from 'vitest'
import type { BenchResult } from '../../../measure/report.ts'
import { benchReport, benchResult } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { benchTable } from './bench.ts'

const options = { style: makeStyle(false), verbose: false }
const one = (variant: string, over: Partial<BenchResult>): BenchResult =>
  benchResult({ workload: 'fiber-io', driver: 'ffi', eventsPerCycle: 32, fds: 2, variant, ...over })

const bare = one('bare', { medianNs: 10_000, callsPerCycle: 96 })
const fibers = one('fibers', {
  medianNs: 12_500,
  taxNs: 1500,
  callsPerCycle: 128,
  difference: { to: 'bare', ns: 2400, ci95Ns: [1000, 4000] },
})

const rowsOf = (results: readonly BenchResult[]): string[] =>
  (benchTable(benchReport(results), options).split('what fibers add')[1] ?? '')
    .split('\n\n')[0]!
    .split('\n')
    .filter((line) => line.startsWith('fiber'))

it('what a runtime adds is told beside both figures, and how many calls each makes for an event', () => {
  const others = [
    one('bare', { backend: 'poll', medianNs: 9000 }),
    one('fibers', {
      backend: 'poll',
      medianNs: 8000,
      difference: { to: 'bare', ns: -1000, ci95Ns: [-1500, 200] },
    }),
  ]
  const [first, second, ...rest] = rowsOf([bare, fibers, ...others])
  expect(first).toMatch(/^fiber-io +epoll +2 +10\.0 us +12\.5 us +2\.40 us +1\.00 … 4\.00 us +500 ns +3 +4$/)
  expect(second).toMatch(/^fiber-io +poll +2 +9\.00 us +8\.00 us +-1\.00 us +-1\.50 us … 200 ns /)
  expect(rest).toEqual([])
})

it('what a runtime adds is not told where one of the two has no figure', () => {
  expect(rowsOf([bare])).toEqual([])
  expect(rowsOf([fibers])).toEqual([])
  expect(rowsOf([bare, { ...fibers, backend: 'poll' }])).toEqual([])
  expect(rowsOf([bare, { ...fibers, fds: 4 }])).toEqual([])
})

it('a pool tells how many of its jobs were stolen; what its threads call is not counted, so nothing is said to be own', () => {
  const pool = { threads: 2, jobs: 68_000, stolen: 680 }
  const result = one('1000 at once', { workload: 'pool', callsPerCycle: 0, taxNs: 0, pool })
  const table = benchTable(benchReport([result]), options)
  expect(table).toMatch(/\npool \(1000 at once\) +epoll +2 +68000 +680 +1\.0 %\n/)
  expect(table).toMatch(/\npool \(1000 at once\) .* 9\.00 us +-\n/)
  expect(benchTable(benchReport([benchResult()]), options)).not.toContain('stolen')
})
