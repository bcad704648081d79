import { expect, it } from 'vitest'
import type { BenchResult } from '../../../measure/report.ts'
import { benchReport, benchResult } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { benchTable } from './bench.ts'

const options = { style: makeStyle(false), verbose: false }
const one = (variant: string, over: Partial<BenchResult>): BenchResult =>
  benchResult({ workload: 'fiber-io', driver: 'ffi', eventsPerCycle: 32, fds: 2, variant, ...over })

const bare = one('bare', { medianNs: 10_000, ci95Ns: [9000, 11_000], callsPerCycle: 96 })
const fibers = one('fibers', { medianNs: 12_500, ci95Ns: [12_000, 13_000], callsPerCycle: 128 })

const rowsOf = (results: readonly BenchResult[]): string[] =>
  (benchTable(benchReport(results), options).split('what fibers add')[1] ?? '')
    .split('\n\n')[0]!
    .split('\n')
    .filter((line) => line.startsWith('fiber'))

it('what a runtime adds is the difference to the same by hand, with all that both intervals allow', () => {
  const others = [
    one('bare', { backend: 'poll', medianNs: 9000 }),
    one('fibers', { backend: 'poll', medianNs: 8000 }),
  ]
  const [first, second, ...rest] = rowsOf([bare, fibers, ...others])
  expect(first).toMatch(/^fiber-io +epoll +2 +10\.0 us +12\.5 us +2\.50 us +1\.00 … 4\.00 us +3 +4$/)
  expect(second).toMatch(/^fiber-io +poll +2 +9\.00 us +8\.00 us +-1\.00 us /)
  expect(rest).toEqual([])
})

it('what a runtime adds is not told where one of the two has no figure, nor across backends and sizes', () => {
  expect(rowsOf([bare])).toEqual([])
  expect(rowsOf([fibers])).toEqual([])
  expect(rowsOf([bare, { ...fibers, backend: 'poll' }])).toEqual([])
  expect(rowsOf([bare, { ...fibers, fds: 4 }])).toEqual([])
  expect(rowsOf([bare, { ...fibers, workload: 'fiber' }])).toEqual([])
})
