import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Shadow } from './shadow.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

test('nothing is known at first, not even zeros', () => {
  const shadow = new Shadow(8)
  expect(shadow.has(0, new Uint8Array(8))).toBe(false)
  expect(shadow.hasPart(0, new Uint8Array(8), 4, 4)).toBe(false)
  expect(shadow.has(3, new Uint8Array(0))).toBe(true)
})

test('knows what it has learnt, also in the middle and over two lessons', () => {
  const shadow = new Shadow(8)
  shadow.learn(1, bytes(1, 2, 3))
  shadow.learn(4, bytes(4, 5))
  expect(shadow.has(2, bytes(2, 3, 4))).toBe(true)
  expect(shadow.has(2, bytes(2, 3, 9))).toBe(false)
  expect(shadow.has(0, bytes(0, 1))).toBe(false)
  expect(shadow.hasPart(1, bytes(0, 2, 3, 0), 1, 2)).toBe(true)
  expect(shadow.hasPart(1, bytes(0, 2, 3, 0), 0, 2)).toBe(false)
})

test('forgets what nobody can know, and nothing beside it', () => {
  const shadow = new Shadow(8)
  shadow.learn(0, bytes(1, 2, 3, 4, 5, 6, 7, 8))
  shadow.forget(2, 3)
  expect(shadow.has(0, bytes(1, 2))).toBe(true)
  expect(shadow.has(2, bytes(3))).toBe(false)
  expect(shadow.has(5, bytes(6, 7, 8))).toBe(true)
  shadow.learn(3, bytes(9))
  expect(shadow.has(3, bytes(9))).toBe(true)
})

test('makes memory what it knows of it, and nothing beside that', () => {
  const shadow = new Shadow(8)
  shadow.learn(1, bytes(1, 2))
  shadow.learn(6, bytes(3))
  const memory = bytes(9, 9, 9, 9, 9, 9, 9, 9)
  shadow.restore(memory)
  expect([...memory]).toEqual([9, 1, 2, 9, 9, 9, 3, 9])
})

test('tells what it knows otherwise than before, in words where both know all of one', () => {
  const shadow = new Shadow(12)
  shadow.learn(0, bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
  const before = shadow.clone()
  shadow.learn(1, bytes(5))
  shadow.learn(8, bytes(6, 0, 7, 8))
  const found: (readonly [number, number[]])[] = []
  shadow.differences(before, (offset, part) => void found.push([offset, [...part]]))
  // The last byte was not known before, so its word goes by bytes, and it is left out.
  expect(found).toEqual([
    [0, [0, 5, 0, 0]],
    [8, [6]],
    [10, [7]],
  ])
  before.learn(8, bytes(1))
  expect(shadow.has(8, bytes(6))).toBe(true)
})

test('is as a map of bytes would be', () => {
  const lesson = fc.record({
    offset: fc.nat(12),
    values: fc.uint8Array({ maxLength: 4, max: 3 }),
    forget: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.array(lesson),
      fc.nat(12),
      fc.uint8Array({ maxLength: 4, max: 3 }),
      (lessons, at, asked) => {
        const shadow = new Shadow(16)
        const model = new Map<number, number>()
        for (const { offset, values, forget } of lessons) {
          if (forget) shadow.forget(offset, values.length)
          else shadow.learn(offset, values)
          for (const [i, value] of values.entries()) {
            if (forget) model.delete(offset + i)
            else model.set(offset + i, value)
          }
        }
        const expected = [...asked].every((value, i) => model.get(at + i) === value)
        expect(shadow.has(at, asked)).toBe(expected)
        expect(shadow.hasPart(at, asked, 0, asked.length)).toBe(expected)
      },
    ),
  )
})
