import { addressOf } from './ffi.ts'
import type { Pointer } from './signatures.ts'

/** All memory that is alive, by its address, so that an address can be traced back to who owns it. */
const alive = new Map<number, WeakRef<Memory>>()
const collected = new FinalizationRegistry<number>((address) => {
  // Another one may live there by now.
  if (alive.get(address)?.deref() === undefined) alive.delete(address)
})

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
    alive.set(this.address, new WeakRef(this))
    collected.register(this, this.address)
  }

  /** The address `offset` bytes in. */
  at(offset: number): Pointer {
    return (this.address + offset) as Pointer
  }
}

/**
 * The memory that an address lies in, and how far in; undefined where it is none of ours. Slow for an address
 * in the middle: it looks at all that is alive.
 */
export function findMemory(
  address: Pointer,
): { readonly memory: Memory; readonly offset: number } | undefined {
  const exact = alive.get(address)?.deref()
  if (exact !== undefined) return { memory: exact, offset: 0 }
  for (const [start, reference] of alive) {
    const memory = reference.deref()
    if (memory !== undefined && address > start && address < start + memory.bytes.length) {
      return { memory, offset: address - start }
    }
  }
  return undefined
}
