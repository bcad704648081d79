import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom, shuffled } from './random.ts'
import { ascending } from './measure/statistics/describe.ts'

const take = (count: number, seed: number): number[] => Array.from({ length: count }, seededRandom(seed))

describe('random numbers from a seed', () => {
  it('are the same for the same seed, on every machine and in every version', () => {
    expect(take(3, 1)).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522])
  })

  it('differ for different seeds, and lie from 0 up to, but not at, 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 2 }), (seed) => {
        const numbers = take(100, seed)
        expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
        expect(take(100, seed + 1)).not.toEqual(numbers)
      }),
    )
  })

  it('are spread evenly', () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (const number of take(10_000, 7)) tenths[Math.floor(number * 10)]!++
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

describe('shuffling', () => {
  it('keeps all items, and leaves the list that it was given alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const before = [...items]
        expect([...ascending(shuffled(items, seededRandom(seed)))]).toEqual([...ascending(before)])
        expect(items).toEqual(before)
      }),
    )
  })

  it('gives every order equally often', () => {
    const random = seededRandom(3)
    const orders = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = shuffled(['a', 'b', 'c'], random).join('')
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    expect([...orders.keys()].toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
