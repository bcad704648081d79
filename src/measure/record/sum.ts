/** Sums below this are exact as numbers, with room for one more addend of 2^48. */
const EXACT = 2 ** 52

/** Knuth's multiplier of Fibonacci hashing, 2^32 over the golden ratio: neighbours end up far from each other. */
const SCATTER = 0x9e3779b1

/**
 * The sum of 32-bit words, each multiplied with what its place is scattered to, modulo 2^64: what `sum_of` of
 * `native/replay.c` computes. One word that changes always shows, and so do events that change places or masks:
 * with weights in a simple order, readable for token 1 would be the same as writable for token 0.
 */
export function sumOfWords(bytes: Uint8Array, words: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let sum = 0n
  // Halves, because a product of two words is too much for a number.
  let low = 0
  let high = 0
  for (let i = 0; i < words; i++) {
    const word = view.getUint32(4 * i, true)
    const place = Math.imul(i + 1, SCATTER)
    const weight = (place ^ (place >>> 15)) >>> 0
    low += (word & 0xffff) * weight
    high += (word >>> 16) * weight
    if (low >= EXACT || high >= EXACT) {
      sum += BigInt(low) + (BigInt(high) << 16n)
      low = high = 0
    }
  }
  return BigInt.asUintN(64, sum + BigInt(low) + (BigInt(high) << 16n))
}
