import { describe, expect, it } from 'vitest'
import type { BackendName } from '../backends/index.ts'
import type { BenchResult } from './report.ts'
import { crossoversOf, scalingOf } from './scaling.ts'

/** A result of which only the size and the median matter. */
const result = (backend: BackendName, fds: number, medianNs: number, variant?: string): BenchResult =>
  ({ workload: 'idle', ...(variant === undefined ? {} : { variant }), backend, fds, medianNs }) as BenchResult

describe('how costs grow', () => {
  it('is the cost of one more descriptor where they lie on a line, in whatever order they came', () => {
    const [scaling, ...others] = scalingOf([1000, 10, 100].map((fds) => result('poll', fds, 300 + 25 * fds)))
    expect(others).toEqual([])
    expect(scaling).toMatchObject({ workload: 'idle', backend: 'poll' })
    expect(scaling?.nsPerFd).toBeCloseTo(25, 9)
    expect(scaling?.baseNs).toBeCloseTo(300, 9)
    expect(scaling?.ci95.map((end) => end.toFixed(6))).toEqual(['25.000000', '25.000000'])
    expect(scaling?.growth).toBeCloseTo(25_300 / 550, 9)
  })

  it('is not bent by one wild point', () => {
    const points = [10, 20, 30, 40, 50, 60].map((fds) => result('poll', fds, fds === 40 ? 9999 : 10 * fds))
    expect(scalingOf(points)[0]?.nsPerFd).toBeCloseTo(10, 9)
  })

  it('is nothing of a single size', () => {
    expect(scalingOf([result('poll', 10, 100), result('epoll', 10, 100)])).toEqual([])
  })

  it('is nothing, and no NaN, of what was measured twice at one size', () => {
    expect(scalingOf([result('poll', 2, 100), result('poll', 2, 110)])).toEqual([])
  })

  it('keeps the variants of a workload apart', () => {
    const scaling = scalingOf([
      result('poll', 1, 1, 'a'),
      result('poll', 11, 21, 'a'),
      result('poll', 1, 1, 'b'),
      result('poll', 11, 31, 'b'),
    ])
    expect(scaling.map(({ variant, nsPerFd }) => [variant, nsPerFd])).toEqual([
      ['a', 2],
      ['b', 3],
    ])
  })
})

describe('where backends cross', () => {
  it('is between the two sizes around it, and says who is cheaper on which side', () => {
    const crossovers = crossoversOf([
      result('epoll', 10, 400),
      result('epoll', 20, 400),
      result('poll', 10, 300),
      result('poll', 20, 600),
    ])
    expect(crossovers).toEqual([{ workload: 'idle', below: 'poll', above: 'epoll', fds: expect.any(Number) }])
    expect(crossovers[0]?.fds).toBeGreaterThanOrEqual(10)
    expect(crossovers[0]?.fds).toBeLessThanOrEqual(20)
  })

  it('is the same whichever backend comes first', () => {
    const all = [
      result('poll', 10, 300),
      result('poll', 20, 600),
      result('epoll', 10, 400),
      result('epoll', 20, 400),
    ]
    expect(crossoversOf(all)).toEqual(crossoversOf(all.toReversed()))
  })

  it('is nowhere where one is always cheaper, or they are equal', () => {
    const apart = [10, 20].flatMap((fds) => [result('epoll', fds, 100), result('poll', fds, 101)])
    expect(crossoversOf(apart)).toEqual([])
    const equal = [10, 20].flatMap((fds) => [result('epoll', fds, 100), result('poll', fds, 100)])
    expect(crossoversOf(equal)).toEqual([])
  })

  it('is not where curves only touch', () => {
    const touching = [10, 20, 30].flatMap((fds) => [
      result('epoll', fds, 100),
      result('poll', fds, fds === 20 ? 100 : 110),
    ])
    expect(crossoversOf(touching)).toEqual([])
  })

  it('does not compare what was measured at different sizes', () => {
    expect(
      crossoversOf([
        result('epoll', 1, 1),
        result('epoll', 2, 2),
        result('poll', 3, 9),
        result('poll', 4, 1),
      ]),
    ).toEqual([])
  })
})
