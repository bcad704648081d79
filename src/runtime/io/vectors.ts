/** Memory for what is read and written, and the lists of it that the kernel takes: readv(2), sendmsg(2). */
import { layouts } from '../../libc/layouts.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { ADDRESS_BYTES } from './addresses.ts'

const { iovec, msghdr } = layouts

/** Bytes that the kernel reads or writes where they are: a `Memory`, or a part of one. */
export interface Bytes {
  readonly bytes: Uint8Array
  readonly address: Pointer
}

/** The part of memory from one byte to before another. RangeError for what does not lie in it. */
export function partOf(whole: Bytes, start: number, end: number = whole.bytes.length): Bytes {
  if (
    !(
      Number.isInteger(start) &&
      Number.isInteger(end) &&
      start >= 0 &&
      end <= whole.bytes.length &&
      start <= end
    )
  ) {
    throw new RangeError(`there are ${whole.bytes.length} bytes, and no part from ${start} to ${end}`)
  }
  return { bytes: whole.bytes.subarray(start, end), address: (whole.address + start) as Pointer }
}

/** Text in memory of its own, as UTF-8, to be written or sent. */
export function textBytes(text: string): Bytes {
  const encoded = Buffer.from(text)
  const memory = new Memory(encoded.length)
  memory.bytes.set(encoded)
  return memory
}

/** How many vectors one call takes. More are left to the next call: what is read or written may always be less. */
export const MOST_VECTORS = 8

/** How many bytes one call takes of vectors. */
export function roomIn(vectors: readonly Bytes[]): number {
  let room = 0
  let count = 0
  for (const { bytes } of vectors) {
    if (bytes.length === 0) continue
    if (count++ === MOST_VECTORS) break
    room += bytes.length
  }
  return room
}

/** What the arguments of one call lie in. Filled right before it, for calls of other fibers use it too. */
export class CallMemory {
  readonly iovecs = new Memory(MOST_VECTORS * iovec.size)
  readonly header = new Memory(msghdr.size)
  readonly address = new Memory(ADDRESS_BYTES)
  readonly word = new Memory(4)

  /** Writes the vectors that are not empty, and returns how many. RangeError where there are none. */
  fillVectors(vectors: readonly Bytes[]): number {
    const { view } = this.iovecs
    let count = 0
    for (const { bytes, address } of vectors) {
      if (bytes.length === 0) continue
      if (count === MOST_VECTORS) break
      writeWord(view, count * iovec.size + iovec.offsets.base, address)
      writeWord(view, count * iovec.size + iovec.offsets.len, bytes.length)
      count++
    }
    return count
  }

  /** Writes a message header over the vectors that were filled. */
  fillHeader(vectors: number, addressLength: number, control: Bytes | undefined): void {
    const { view } = this.header
    const { offsets } = msghdr
    writeWord(view, offsets.name, addressLength === 0 ? NULL : this.address.address)
    view.setUint32(offsets.namelen, addressLength, true)
    writeWord(view, offsets.iov, this.iovecs.address)
    writeWord(view, offsets.iovlen, vectors)
    // An invalid pointer is an error even where the length is 0.
    const controlLength = control?.bytes.length ?? 0
    writeWord(view, offsets.control, controlLength === 0 ? NULL : (control?.address ?? NULL))
    writeWord(view, offsets.controllen, controlLength)
    view.setInt32(offsets.flags, 0, true)
  }

  /** What the kernel has written into the header. */
  get received(): { readonly addressLength: number; readonly controlLength: number; readonly flags: number } {
    const { view } = this.header
    const { namelen, controllen, flags } = msghdr.offsets
    return {
      addressLength: view.getUint32(namelen, true),
      controlLength: view.getUint32(controllen, true),
      flags: view.getInt32(flags, true),
    }
  }
}

/** A number of 64 bits, which a double holds exactly. */
function writeWord(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true)
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true)
}
