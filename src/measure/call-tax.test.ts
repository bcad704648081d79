import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Libc } from '../libc/libc.ts'
import { countCalls, fitLine, taxOf } from './call-tax.ts'

describe('the line through the costs of calls', () => {
  it('is found exactly where the points lie on one', () => {
    const { baseNs, perArgumentNs } = fitLine([0, 1, 3, 4].map((x) => [x, 700 + 250 * x] as const))
    expect(baseNs).toBeCloseTo(700, 9)
    expect(perArgumentNs).toBeCloseTo(250, 9)
  })

  it('is the one with the least squares where they do not', () => {
    // R: lm(c(1, 3, 2, 5) ~ c(0, 1, 3, 4)): intercept 1.35, slope 0.7.
    const { baseNs, perArgumentNs } = fitLine([
      [0, 1],
      [1, 3],
      [3, 2],
      [4, 5],
    ])
    expect(baseNs).toBeCloseTo(1.35, 12)
    expect(perArgumentNs).toBeCloseTo(0.7, 12)
  })
})

describe('the tax of calls', () => {
  const tax = { baseNs: 1000, perArgumentNs: 10 }

  it('is that of each function with its arguments, times how often it was called', () => {
    expect(taxOf(new Map(), tax)).toBe(0)
    // read has three arguments, epoll_wait four, getpagesize none.
    expect(
      taxOf(
        new Map([
          ['read', 2],
          ['epoll_wait', 1],
          ['getpagesize', 3],
        ]),
        tax,
      ),
    ).toBe(2 * 1030 + 1040 + 3000)
  })
})

describe('a libc whose calls are counted', () => {
  const made: unknown[][] = []
  const native =
    (name: string) =>
    (...args: unknown[]): number =>
      made.push([name, ...args])
  const libc = { fn: { read: native('read'), write: native('write') }, errno: () => 7 } as unknown as Libc

  it('makes every call with its arguments, gives its result, and counts it once', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('read', 'write')), (names) => {
        const counter = countCalls(libc)
        made.length = 0
        for (const [index, name] of names.entries()) {
          const call = counter.libc.fn[name] as unknown as (...args: unknown[]) => number
          expect(call(index, 'x')).toBe(index + 1)
        }
        expect(made).toEqual(names.map((name, index) => [name, index, 'x']))
        for (const name of ['read', 'write'] as const) {
          expect(counter.counts.get(name) ?? 0).toBe(names.filter((called) => called === name).length)
        }
      }),
    )
  })

  it('is otherwise the libc that it counts for, whose own calls stay uncounted', () => {
    const counter = countCalls(libc)
    expect(counter.libc.errno()).toBe(7)
    libc.fn.read(0, 0 as never, 0)
    expect(counter.counts.size).toBe(0)
  })
})
