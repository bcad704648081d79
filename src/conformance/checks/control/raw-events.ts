import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import type { Pointer } from '../../../libc/signatures.ts'

const { size, offsets } = layouts.epoll_event

/** Nobody's events are larger: a kernel that has another layout than this build writes over nothing. */
const LARGEST_SIZE = 16

/** Native room for epoll events in the layout of this build, if wanted some bytes off their natural place. */
export class RawEvents {
  /** The bytes from the first event on. */
  readonly bytes: Uint8Array
  readonly address: Pointer
  readonly #memory: Memory
  readonly #view: DataView

  constructor(count: number, shift = 0) {
    this.#memory = new Memory(shift + count * LARGEST_SIZE)
    this.address = this.#memory.at(shift)
    this.bytes = this.#memory.bytes.subarray(shift)
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
  }

  set(index: number, mask: number, data: bigint): void {
    this.#view.setUint32(index * size + offsets.events, mask, true)
    this.#view.setBigUint64(index * size + offsets.data, data, true)
  }

  mask(index: number): number {
    return this.#view.getUint32(index * size + offsets.events, true)
  }

  data(index: number): bigint {
    return this.#view.getBigUint64(index * size + offsets.data, true)
  }
}
