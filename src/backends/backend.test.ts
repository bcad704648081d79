import { describe, expect, test } from 'vitest'
import { ReadinessBatch } from './backend.ts'

describe('ReadinessBatch', () => {
  test.each([1, 64, 20_000])('has columns for %i events', (capacity) => {
    const batch = new ReadinessBatch(capacity)
    const { fds, flags, tokens, tokenWords } = batch
    expect([batch.capacity, fds.length, flags.length, tokens.length]).toEqual(Array(4).fill(capacity))
    expect(tokenWords.length).toBe(2 * capacity)
  })

  test.each([0, -1, 1.5, NaN, Infinity])('holds at least one event: %d is a RangeError', (capacity) => {
    expect(() => new ReadinessBatch(capacity)).toThrow(RangeError)
  })

  test('the two words of a token are its low and its high half', () => {
    const batch = new ReadinessBatch(2)
    batch.tokenWords.set([0x89abcdef, 0x01234567], 2)
    expect(batch.token(1)).toBe(0x0123456789abcdefn)
    expect(batch.token(0)).toBe(0n)
  })
})
