import { describe, expect, it } from 'vitest'
import { around, compare, control, saved } from '../../testing/comparing.ts'
import type { BenchReport, BenchResult } from '../report.ts'
import { compareExitCode } from './gate.ts'
import type { CompareReport } from './report.ts'

describe('the gate', () => {
  const gate = (
    base: readonly BenchResult[],
    other: readonly BenchResult[],
    over: Partial<BenchReport> = {},
  ): [exitCode: number, gate: CompareReport['gate']] => {
    const report = compare(saved(base), saved(other, over), { failOn: 0.05 })
    return [compareExitCode(report), report.gate]
  }

  it('passes where no figure is slower than the limit', () => {
    const [exitCode, found] = gate(
      [around(1000), around(1000, { fds: 2 })],
      [around(1030), around(500, { fds: 2 })],
    )
    expect([exitCode, found]).toEqual([
      0,
      { limit: 0.05, outcome: 'passed', within: 2, beyond: 0, undecided: 0, failed: 0 },
    ])
  })

  it('fails where one is, whatever the others are', () => {
    const base = [around(1000), around(1000, { fds: 2 }), around(1000, { fds: 3 })]
    const other = [around(1000), around(1050, { fds: 2 }), around(1070, { fds: 3 })]
    expect(gate(base, other)).toEqual([
      1,
      { limit: 0.05, outcome: 'failed', within: 1, beyond: 1, undecided: 1, failed: 0 },
    ])
  })

  it('is undecided where an interval holds the limit', () => {
    expect(gate([around(1000)], [around(1050)])).toMatchObject([4, { outcome: 'undecided', undecided: 1 }])
  })

  it('is undecided where a figure is slower by less than the noise', () => {
    const noisy = { control: [control(0.5)] }
    expect(gate([around(1000)], [around(1200)], noisy)).toMatchObject([4, { undecided: 1 }])
  })

  it('is undecided where there is nothing to compare', () => {
    expect(gate([around(1000)], [])).toMatchObject([4, { outcome: 'undecided', undecided: 0 }])
    expect(gate([], [])).toMatchObject([4, { outcome: 'undecided' }])
  })

  it('fails where a figure has become a failure', () => {
    const lost = { workload: 'wake', backend: 'epoll', fds: 1, outcome: 'failed', reason: 'lost' } as const
    const both = [around(1000, { backend: 'poll' })]
    expect(gate([around(1000), ...both], both, { gaps: [lost] })).toMatchObject([
      1,
      { outcome: 'failed', failed: 1, beyond: 0 },
    ])
  })

  it('is none without a limit: the exit code is 0', () => {
    const report = compare(saved([around(1000)]), saved([around(9000)]))
    expect(report).not.toHaveProperty('gate')
    expect(compareExitCode(report)).toBe(0)
  })
})
