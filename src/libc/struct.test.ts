import { describe, expect, test } from 'vitest'
import { struct } from './struct.ts'

describe('struct', () => {
  test('aligns each field to its size, and the whole to its widest field', () => {
    const layout = struct([
      ['a', 'u8'],
      ['b', 'i32'],
      ['c', 'u16'],
      ['d', 'u64'],
      ['e', 'u8'],
    ])
    expect(layout).toEqual({ size: 32, offsets: { a: 0, b: 4, c: 8, d: 16, e: 24 } })
  })

  test('leaves no gaps in a packed struct', () => {
    const layout = struct(
      [
        ['a', 'u8'],
        ['b', 'u64'],
        ['c', 'u16'],
      ],
      { packed: true },
    )
    expect(layout).toEqual({ size: 11, offsets: { a: 0, b: 1, c: 9 } })
  })

  test('aligns an array to its element, not to its length', () => {
    const layout = struct([
      ['a', 'u8'],
      ['b', 'u8', 5],
      ['c', 'u32', 3],
    ])
    expect(layout).toEqual({ size: 20, offsets: { a: 0, b: 1, c: 8 } })
  })
})
