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
    // An empty buffer would have no address at all, so there is always at least one word behind it.
    const room = Math.max(8, length)
    const backing = options.shared === true ? new SharedArrayBuffer(room) : new ArrayBuffer(room)
    this.bytes = new Uint8Array(backing, 0, length)
    this.view = new DataView(backing)
    this.address = addressOf(new Uint8Array(backing))
    alive.set(this.address, new WeakRef(this))
    collected.register(this, this.address)
  }

  /** The address `offset` bytes in. */
  at(offset: number): Pointer {
    return (this.address + offset) as Pointer
  }
}

/** The memory that begins at an address; undefined where none of ours does. */
export function memoryAt(address: Pointer): Memory | undefined {
  return alive.get(address)?.deref()
}

/** How far back the beginning of the memory of an address is looked for, before all that is alive is looked at. */
const NEAR_BYTES = 512
const WORD = 8

/**
 * The memory that an address lies in, and how far in; undefined where it is none of ours. Slow for an address
 * far from the beginning: it looks at all that is alive.
 */
export function findMemory(
  address: Pointer,
): { readonly memory: Memory; readonly offset: number } | undefined {
  // Memory begins at words.
  const word = address - (address % WORD)
  for (let start = word; start > word - NEAR_BYTES; start -= WORD) {
    const memory = memoryAt(start as Pointer)
    if (memory !== undefined && isInside(memory, address)) return { memory, offset: address - start }
  }
  for (const reference of alive.values()) {
    const memory = reference.deref()
    if (memory !== undefined && isInside(memory, address)) return { memory, offset: address - memory.address }
  }
  return undefined
}

function isInside({ address: start, view }: Memory, address: Pointer): boolean {
  return address >= start && address < start + view.byteLength
}

/** Where scratch memory is cut from. */
const CHUNK_BYTES = 64 * 1024
/** What is larger than this gets memory of its own. */
const MOST_SCRATCH_BYTES = 4096

let chunk: Memory | undefined
let used = 0

/**
 * Memory like any other, for the arguments of a call or two: much cheaper to have, because many pieces share one
 * buffer, which lives as long as one of them. `findMemory` does not know it. Threads may be given its address.
 */
export function scratch(length: number): Memory {
  if (length > MOST_SCRATCH_BYTES) return new Memory(length, { shared: true })
  const room = Math.max(8, Math.ceil(length / 8) * 8)
  if (chunk === undefined || used + room > CHUNK_BYTES) {
    chunk = new Memory(CHUNK_BYTES, { shared: true })
    used = 0
  }
  const piece = new Piece(chunk, used, Math.max(8, length))
  used += room
  return piece
}

class Piece implements Memory {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly address: Pointer

  constructor(whole: Memory, offset: number, length: number) {
    this.bytes = new Uint8Array(whole.bytes.buffer, offset, length)
    this.view = new DataView(whole.bytes.buffer, offset, length)
    this.address = whole.at(offset)
    // Something that was given the piece before may have written too much.
    this.bytes.fill(0)
  }

  at(offset: number): Pointer {
    return (this.address + offset) as Pointer
  }
}
