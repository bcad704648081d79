import { expect, it } from 'vitest'
import { backendWorkloadNames, workloads } from '../workloads/index.ts'
import type { Case, Workload } from '../workloads/workload.ts'
import { seededRandom } from '../random.ts'
import { measuredResult, roundsAround } from '../testing/reports.ts'
import { withDifference } from './difference.ts'
import type { BenchResult } from './report.ts'

const casesOf = (workload: Workload): readonly Case[] =>
  workload.cases({
    fds: 4,
    eventsPerWait: 64,
    trigger: 'level',
    source: 'eventfd',
    writes: 5,
    rateHz: 1000,
  })

const fibers = casesOf(workloads['fiber-io']).find(({ variant }) => variant === 'fibers') as Case
const one = (variant: string, roundNs: readonly number[], over: Partial<BenchResult> = {}): BenchResult =>
  measuredResult(roundNs, { workload: 'fiber-io', variant, ...over })
const differ = (result: BenchResult, others: readonly BenchResult[]): BenchResult['difference'] =>
  withDifference(result, fibers, others, seededRandom(1)).difference

it('a difference is taken round by round: what slows a round down slows both', () => {
  const slowed = roundsAround(10_000, 0.5)
  const bare = one('bare', slowed)
  const {
    to,
    ns = NaN,
    ci95Ns: [low, high] = [NaN, NaN],
  } = differ(
    one(
      'fibers',
      slowed.map((value, round) => value + 500 + (round % 3)),
    ),
    [bare],
  ) ?? {}
  expect(to).toBe('bare')
  expect(ns).toBeCloseTo(501, 6)
  // The figures themselves spread over thousands.
  expect([low >= 500 - 1e-6, high <= 502 + 1e-6]).toEqual([true, true])
})

it('a difference is that of the same backend, and there is none where that has no figure', () => {
  const rounds = roundsAround(1000)
  const poll = one('bare', roundsAround(400), { backend: 'poll' })
  expect(differ(one('fibers', rounds), [poll])).toBeUndefined()
  expect(differ(one('fibers', rounds), [poll, one('bare', rounds)])?.ns).toBe(0)
})

it('a case that is held against none has no difference', () => {
  for (const name of backendWorkloadNames) {
    for (const own of casesOf(workloads[name])) {
      const result = one('x', [1])
      expect(withDifference(result, own, [one('bare', [1])], seededRandom(1))).toBe(result)
    }
  }
})
