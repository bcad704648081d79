/** Sums below this are exact as numbers, with room for one more addend of 2^48. */
const EXACT = 2 ** 52

/** 2^64 over the golden ratio (Fibonacci hashing, Knuth), as two words: neighbours end up far from each other. */
const SCATTER_HIGH = 0x9e3779b9
const SCATTER_LOW = 0x7f4a7c15

/**
 * The sum of pairs of 32-bit words, each multiplied with the odd number that its place is scattered to, modulo 2^64: what
 * `sum_of` of `native/replay.c` computes. One pair that changes always shows, and so do events that change places or
 * masks: with weights in a simple order, readable for token 1 would be the same as writable for token 0.
 */
export function sumOfWords(bytes: Uint8Array, words: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let sum = 0n
  // Halves, because a product of two words is too much for a number.
  let low = 0
  let high = 0
  // What goes into the upper word of the sum alone.
  let upper = 0
  let placeHigh = 0
  let placeLow = 0
  for (let i = 0; i < words; i += 2) {
    placeLow += SCATTER_LOW
    const carry = placeLow > 0xffff_ffff ? 1 : 0
    placeLow >>>= 0
    placeHigh = (placeHigh + SCATTER_HIGH + carry) >>> 0
    const weight = ((placeLow ^ placeHigh) | 1) >>> 0
    const first = view.getUint32(4 * i, true)
    const second = i + 1 < words ? view.getUint32(4 * i + 4, true) : 0
    low += (first & 0xffff) * weight
    high += (first >>> 16) * weight
    upper = (upper + Math.imul(first, placeHigh) + Math.imul(second, weight)) | 0
    if (low >= EXACT || high >= EXACT) {
      sum += BigInt(low) + (BigInt(high) << 16n)
      low = high = 0
    }
  }
  return BigInt.asUintN(64, sum + BigInt(low) + (BigInt(high) << 16n) + (BigInt(upper >>> 0) << 32n))
}
