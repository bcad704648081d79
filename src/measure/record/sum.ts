/** Sums below this are exact as numbers, with room for one more addend of 2^48. */
const EXACT = 2 ** 52

/** 2^64 over the golden ratio (Fibonacci hashing, Knuth), as two words: neighbours end up far from each other. */
const SCATTER_HIGH = 0x9e3779b9
const SCATTER_LOW = 0x7f4a7c15

/** What the pairs are multiplied with, from the first on: the lower words, and the upper ones. Made as far as needed. */
let lowerWeights = new Uint32Array()
let upperWeights = new Int32Array()

function makeWeights(pairs: number): void {
  lowerWeights = new Uint32Array(pairs)
  upperWeights = new Int32Array(pairs)
  let high = 0
  let low = 0
  for (let i = 0; i < pairs; i++) {
    low += SCATTER_LOW
    const carry = low > 0xffff_ffff ? 1 : 0
    low >>>= 0
    high = (high + SCATTER_HIGH + carry) >>> 0
    lowerWeights[i] = (low ^ high) | 1
    upperWeights[i] = high
  }
}

/**
 * The sum of pairs of 32-bit words, each multiplied with the odd number that its place is scattered to, modulo 2^64: what
 * `sum_of` of `native/replay.c` computes. One pair that changes always shows, and so do events that change places or
 * masks: with weights in a simple order, readable for token 1 would be the same as writable for token 0.
 */
export function sumOfWords(bytes: Uint8Array, words: number): bigint {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice(0, 4 * words)
  const view = new Uint32Array(aligned.buffer, aligned.byteOffset, words)
  const pairs = (words + 1) >>> 1
  if (pairs > lowerWeights.length) makeWeights(2 * pairs)
  let sum = 0n
  // Halves, because a product of two words is too much for a number.
  let low = 0
  let high = 0
  // What goes into the upper word of the sum alone.
  let upper = 0
  for (let i = 0; i < pairs; i++) {
    const weight = lowerWeights[i] ?? 0
    const first = view[2 * i] ?? 0
    const second = view[2 * i + 1] ?? 0
    low += (first & 0xffff) * weight
    high += (first >>> 16) * weight
    upper = (upper + Math.imul(first, upperWeights[i] ?? 0) + Math.imul(second, weight)) | 0
    if (low >= EXACT || high >= EXACT) {
      sum += BigInt(low) + (BigInt(high) << 16n)
      low = high = 0
    }
  }
  return BigInt.asUintN(64, sum + BigInt(low) + (BigInt(high) << 16n) + (BigInt(upper >>> 0) << 32n))
}
