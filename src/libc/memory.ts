import { addressOf } from './ffi.ts'
import type { Pointer } from './signatures.ts'

/**
 * Native memory with a stable address: zeroed, 8-byte aligned, freed when the object is collected. A number
 * does not keep memory alive, so hold the `Memory` for as long as C may use its address.
 */
export class Memory {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly address: Pointer

  /** `shared` memory can be handed to a worker; C sees the same bytes in every thread. */
  constructor(length: number, options: { readonly shared?: boolean } = {}) {
    // An empty buffer would have no address at all, so there is always at least one word.
    const room = Math.max(8, length)
    const backing = options.shared === true ? new SharedArrayBuffer(room) : new ArrayBuffer(room)
    this.bytes = new Uint8Array(backing)
    this.view = new DataView(backing)
    this.address = addressOf(this.bytes)
  }

  /** The address `offset` bytes in. */
  at(offset: number): Pointer {
    return (this.address + offset) as Pointer
  }
}
