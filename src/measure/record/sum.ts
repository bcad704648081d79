/** Sums below this are exact as numbers, with room for one more addend of 2^49. */
const EXACT = 2 ** 52

/**
 * The sum of 32-bit words, each weighted by twice its place plus one: what `sum_of` of `native/replay.c`
 * computes. Of up to 65,536 words.
 */
export function sumOfWords(bytes: Uint8Array, words: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let high = 0n
  let low = 0
  for (let i = 0; i < words; i++) {
    low += view.getUint32(4 * i, true) * (2 * i + 1)
    if (low >= EXACT) {
      high += BigInt(low)
      low = 0
    }
  }
  return BigInt.asUintN(64, high + BigInt(low))
}
