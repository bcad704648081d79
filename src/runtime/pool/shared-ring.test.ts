import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NONE, SharedRing } from './shared-ring.ts'

const ringOf = (capacity: number): SharedRing =>
  new SharedRing(new SharedArrayBuffer(SharedRing.bytes(capacity)), 0, capacity)

describe('a shared ring', () => {
  it('does as a list does, whatever is pushed and taken, and refuses what it has no room for', () => {
    const command = fc.oneof(fc.nat(1000), fc.constant(undefined))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.array(command, { maxLength: 200 }), (bits, commands) => {
        const [ring, list] = [ringOf(2 ** bits), [] as number[]]
        for (const value of commands) {
          const fits = list.length < 2 ** bits
          const expected = value === undefined ? (list.shift() ?? NONE) : fits
          if (value !== undefined && fits) list.push(value)
          expect(value === undefined ? ring.take() : ring.push(value)).toBe(expected)
          expect([ring.size, ring.peek()]).toEqual([list.length, list])
        }
      }),
    )
  })

  it('goes on where its positions no longer fit in 32 bits', () => {
    const memory = new SharedArrayBuffer(SharedRing.bytes(2))
    new Int32Array(memory).fill(0x7fffffff, 0, 2)
    const ring = new SharedRing(memory, 0, 2)
    for (let value = 0; value < 5; value++) {
      expect(ring.push(value)).toBe(true)
      expect(ring.push(value + 10)).toBe(true)
      expect(ring.push(99)).toBe(false)
      expect([ring.size, ring.take(), ring.take(), ring.take()]).toEqual([2, value, value + 10, NONE])
    }
  })

  it('has a capacity that divides its positions', () => {
    for (const capacity of [0, 3, -4, 1.5])
      expect(() => SharedRing.bytes(capacity)).toThrow('no power of two')
  })
})
