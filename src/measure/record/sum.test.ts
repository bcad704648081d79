import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sumOfWords } from './sum.ts'

/** What `sum_of` of the C file does, in words of its own. That it really does is for the replayer's tests. */
function reference(words: readonly number[]): bigint {
  let sum = 0n
  for (let i = 0; i < words.length; i += 2) {
    const pair = BigInt(words[i] ?? 0) | (BigInt(words[i + 1] ?? 0) << 32n)
    const place = BigInt.asUintN(64, BigInt(i / 2 + 1) * 0x9e3779b97f4a7c15n)
    sum += pair * ((place ^ (place >> 32n)) | 1n)
  }
  return BigInt.asUintN(64, sum)
}

function sumOf(words: readonly number[]): bigint {
  return sumOfWords(new Uint8Array(Uint32Array.from(words).buffer), words.length)
}

const anyWord = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const anyWords = fc.array(anyWord, { maxLength: 200 })

describe('the sum of words', () => {
  test('is what the replayer computes', () => {
    fc.assert(
      fc.property(anyWords, (words) => {
        expect(sumOf(words)).toBe(reference(words))
      }),
    )
  })

  test('is exact for many large words', () => {
    const words = Array.from({ length: 70_000 }, () => 2 ** 32 - 1)
    expect(sumOf(words)).toBe(reference(words))
  })

  test('is of the words that are asked for, and needs no alignment', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => 255 - i)
    expect(sumOfWords(bytes.subarray(3, 32), 2)).toBe(sumOfWords(bytes.slice(3, 11), 2))
    expect(sumOfWords(bytes, 0)).toBe(0n)
  })

  test('shows each word that changes', () => {
    fc.assert(
      fc.property(anyWords, fc.nat(), anyWord, (words, pick, word) => {
        const i = words.length === 0 ? 0 : pick % words.length
        if (words.length === 0 || words[i] === word) return
        expect(sumOf(words.with(i, word))).not.toBe(sumOf(words))
      }),
    )
  })

  test.each([
    ['readable for token 1, and writable for token 0', [1, 1, 0], [4, 0, 0]],
    ['descriptors 0 and 3 of a set, and 32 and 33', [9, 0], [0, 3]],
    ['two events that have changed places', [1, 5, 0, 1, 6, 0], [1, 6, 0, 1, 5, 0]],
    ['one unit to the left and one to the right of two', [0, 2, 0], [1, 0, 1]],
  ])('tells %s', (_, one, other) => {
    expect(sumOf(one)).not.toBe(sumOf(other))
  })

  test('tells apart whatever small numbers there are in three words', () => {
    const small = Array.from({ length: 32 }, (_, i) => i)
    const all = small.flatMap((a) => small.flatMap((b) => small.map((c) => sumOf([a, b, c]))))
    expect(new Set(all).size).toBe(small.length ** 3)
  })
})
