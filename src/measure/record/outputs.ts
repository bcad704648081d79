import { sumOfWords } from './sum.ts'
import type { Output } from './tape.ts'

/** How many bytes of an output are kept to be shown. */
const KEPT = 256

/** Whether an output that was kept as a whole is there again. */
export function isSame(output: Output, address: number, bytes: Uint8Array): boolean {
  const kept = output.bytes
  if (output.address !== address || output.words !== bytes.length >> 2 || kept.length !== 4 * output.words) {
    return false
  }
  for (let i = 0; i < kept.length; i++) if (kept[i] !== bytes[i]) return false
  return true
}

export function outputOf(address: number, bytes: Uint8Array): Output {
  const words = Math.floor(bytes.length / 4)
  return { address, words, sum: sumOfWords(bytes, words), bytes: bytes.slice(0, Math.min(KEPT, 4 * words)) }
}
