/** Up to so many bytes are compared one by one. */
const FEW_BYTES = 64

/** To compare with, which is faster than to look for a zero. */
let ones = new Uint8Array()

function onesOf(length: number): Uint8Array {
  if (ones.length < length) ones = new Uint8Array(2 * length).fill(1)
  return ones.subarray(0, length)
}

/**
 * What is known of a piece of memory: the bytes that were last seen there. Kept for the memory as a whole and not
 * for each buffer in it, because buffers overlap: a call may read what another one has written to the middle.
 */
export class Shadow {
  readonly #bytes: Uint8Array
  /** For each byte, whether it was seen: 1 or 0. */
  readonly #seen: Uint8Array

  constructor(length: number) {
    this.#bytes = new Uint8Array(length)
    this.#seen = new Uint8Array(length)
  }

  /** Whether these bytes are what was last seen at an offset. */
  has(offset: number, bytes: Uint8Array): boolean {
    // Most buffers are a few bytes long, and a loop over them is over before a view of them would be made.
    if (bytes.length <= FEW_BYTES) return this.hasPart(offset, bytes, 0, bytes.length)
    const end = offset + bytes.length
    return (
      Buffer.compare(this.#bytes.subarray(offset, end), bytes) === 0 &&
      Buffer.compare(this.#seen.subarray(offset, end), onesOf(bytes.length)) === 0
    )
  }

  /** The same of a few of them: `count` bytes from the one at `first`. */
  hasPart(offset: number, bytes: Uint8Array, first: number, count: number): boolean {
    for (let i = first; i < first + count; i++) {
      if (this.#seen[offset + i] === 0 || this.#bytes[offset + i] !== bytes[i]) return false
    }
    return true
  }

  learn(offset: number, bytes: Uint8Array): void {
    if (this.has(offset, bytes)) return
    this.#bytes.set(bytes, offset)
    this.#seen.fill(1, offset, offset + bytes.length)
  }

  /** Nobody can know what is there now. */
  forget(offset: number, length: number): void {
    this.#seen.fill(0, offset, offset + length)
  }

  /** A copy of what is known now. */
  clone(): Shadow {
    const copy = new Shadow(this.#bytes.length)
    copy.#bytes.set(this.#bytes)
    copy.#seen.set(this.#seen)
    return copy
  }

  /** Makes memory what is known of it. */
  restore(memory: Uint8Array): void {
    for (let i = 0; i < this.#seen.length; i++) if (this.#seen[i] === 1) memory[i] = this.#bytes[i] ?? 0
  }

  /** Calls `found` for each word and, where only part of a word is known, byte that `before` knew otherwise. */
  differences(before: Shadow, found: (offset: number, bytes: Uint8Array) => void): void {
    for (let at = 0; at < this.#bytes.length;) {
      const width = at + 4 <= this.#bytes.length && this.#knows(before, at, 4) ? 4 : 1
      const bytes = this.#bytes.subarray(at, at + width)
      if (this.#knows(before, at, width) && !before.hasPart(at, bytes, 0, width)) found(at, bytes)
      at += width
    }
  }

  /** Whether both know all of some bytes. */
  #knows(other: Shadow, at: number, count: number): boolean {
    for (let i = at; i < at + count; i++) if (this.#seen[i] === 0 || other.#seen[i] === 0) return false
    return true
  }
}
