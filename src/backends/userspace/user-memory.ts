/** The memory that callers of a world point to: what `Memory` has allocated, and what the world itself has mapped. */
import { constants as osConstants } from 'node:os'
import { PROT } from '../../libc/constants/linux.ts'
import { findMemory, Memory, memoryAt } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'

const { EINVAL, ENOMEM } = osConstants.errno

const PAGE = 4096
/** How much memory of its callers a world keeps alive, in pieces. */
const MOST_RECENT = 16
const NO_BYTES = new Uint8Array(0)

/** Where the addresses of a process end: no pointer beyond is even tried (`access_ok`). */
const END_OF_PROCESS = 2 ** 47 - PAGE

/** What a call does with memory: what it only reads need not be writable. */
export type Access = 'reads' | 'writes'

/** Pages that were mapped in one piece, with what is allowed on each; undefined once it is unmapped. */
interface Mapping {
  readonly memory: Memory
  readonly start: number
  readonly pages: (number | undefined)[]
}

export class UserMemory {
  readonly #mappings: Mapping[] = []
  /** Memory that was used, by a part of its address: it stays alive until other memory takes its place. */
  readonly #recent: (Memory | undefined)[] = Array<Memory | undefined>(MOST_RECENT).fill(undefined)

  /** The bytes at an address; undefined where it is none, where there are not so many, or where it is not allowed. */
  bytes(address: Pointer, length: number, access: Access): Uint8Array | undefined {
    const found = this.some(address, length, access)
    return found.length === length ? found : undefined
  }

  /** As many bytes of those at an address as there are and as are allowed. */
  some(address: Pointer, length: number, access: Access): Uint8Array {
    if (length === 0) return NO_BYTES
    const mapping = this.#mappingAt(address)
    if (mapping !== undefined) return mapped(mapping, address, length, access)
    const whole = this.#memoryAt(address)
    if (whole !== undefined) return whole.bytes.subarray(0, length)
    const found = findMemory(address)
    if (found === undefined) return NO_BYTES
    return found.memory.bytes.subarray(found.offset, found.offset + length)
  }

  /** The same as `bytes`, to read and write numbers in. There may be more behind what was asked for. */
  view(address: Pointer, length: number, access: Access): DataView | undefined {
    if (address === NULL) return undefined
    // Mostly it is the beginning of what somebody has allocated, which has a view already.
    const whole = this.#mappings.length === 0 ? this.#memoryAt(address) : undefined
    if (whole !== undefined && length <= whole.bytes.length) return whole.view
    const bytes = this.bytes(address, length, access)
    return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** mmap(2) of fresh memory, wherever there is room: its address, or the negative errno. */
  map(length: number, protection: number): number {
    if (length <= 0) return -EINVAL
    const count = Math.ceil(length / PAGE)
    const memory = new Memory((count + 1) * PAGE)
    const start = Math.ceil(memory.address / PAGE) * PAGE
    this.#mappings.push({ memory, start, pages: Array<number>(count).fill(protection) })
    return start
  }

  /** mprotect(2), and munmap(2) where there is no protection to set any more. */
  protect(address: Pointer, length: number, protection: number | undefined): number {
    const mapping = this.#mappingAt(address)
    if (address % PAGE !== 0) return -EINVAL
    // Nothing is there to unmap: that is no error.
    if (mapping === undefined) return protection === undefined ? 0 : -ENOMEM
    const first = (address - mapping.start) / PAGE
    // What is unmapped stays known as such: the memory behind it is there for as long as somebody holds it.
    mapping.pages.fill(protection, first, first + Math.ceil(length / PAGE))
    return 0
  }

  /** What was used before is mostly used again, and is found here at once: following a weak reference takes long. */
  #memoryAt(address: Pointer): Memory | undefined {
    const place = (address >>> 4) % MOST_RECENT
    const recent = this.#recent[place]
    if (recent?.address === address) return recent
    const memory = memoryAt(address)
    if (memory !== undefined) this.#recent[place] = memory
    return memory
  }

  #mappingAt(address: number): Mapping | undefined {
    return this.#mappings.find(
      ({ start, pages }) => address >= start && address < start + pages.length * PAGE,
    )
  }
}

function mapped(
  { memory, start, pages }: Mapping,
  address: number,
  length: number,
  access: Access,
): Uint8Array {
  const needed = access === 'writes' ? PROT.WRITE : PROT.READ
  let end = address
  while (end < address + length && ((pages[Math.floor((end - start) / PAGE)] ?? 0) & needed) !== 0) {
    end = (Math.floor(end / PAGE) + 1) * PAGE
  }
  const from = address - memory.address
  return memory.bytes.subarray(from, from + Math.min(length, end - address))
}

/** Whether a process can have memory there at all, be it mapped or not. */
export function isInProcess(address: Pointer, length: number): boolean {
  return address >= 0 && address + length <= END_OF_PROCESS
}

/**
 * Seconds and a fraction of them, 64 bits each, as nanoseconds; undefined where the fraction or the sign is wrong. A
 * fraction of more than a second is, unless it `carries`.
 */
export function timeIn(
  view: DataView,
  at: number,
  perSecond: number,
  carries?: 'carries',
): number | undefined {
  const seconds = Number(view.getBigInt64(at, true))
  const fraction = Number(view.getBigInt64(at + 8, true))
  if (seconds < 0 || fraction < 0 || (carries === undefined && fraction >= perSecond)) return undefined
  return seconds * 1e9 + fraction * (1e9 / perSecond)
}

/** Writes nanoseconds the same way. */
export function writeTimeTo(view: DataView, at: number, ns: number): void {
  view.setBigInt64(at, BigInt(Math.floor(ns / 1e9)), true)
  view.setBigInt64(at + 8, BigInt(Math.floor(ns % 1e9)), true)
}
