import { bufferArguments } from '../../libc/buffers.ts'
import type { BufferArgument } from '../../libc/buffers.ts'
import type { Libc } from '../../libc/libc.ts'
import { findMemory } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import type { FunctionName, Pointer } from '../../libc/signatures.ts'
import { UnsupportedError } from '../../errors.ts'
import { SLOTS } from '../replay/layout.ts'
import { LaneRecorder } from './lane-recorder.ts'
import { Shadow } from './shadow.ts'
import { Tape } from './tape.ts'
import type { Mapped } from './tape.ts'

/** Where an address leads to: how far into which memory, and what is known of that. */
interface Window {
  readonly memory: Memory
  readonly offset: number
  readonly shadow: Shadow
  /** The bytes that were last asked for: mostly they are asked for again. */
  bytes: Uint8Array
}

/**
 * Records the native calls that are made through its Libcs, one for each thread that will replay them, while
 * they are really made. It knows what functions do with memory, and nothing of backends: what JavaScript stored
 * between two calls is found by comparing a call's input with what was last seen there.
 */
export class Recorder {
  readonly lanes: readonly LaneRecorder[]
  /** The lane whose unchecked calls are being made. */
  acting: LaneRecorder | undefined
  readonly #shadows = new Map<Memory, Shadow>()
  readonly #windows = new Map<number, Window>()
  /** Descriptors that may have another number in each replay, and the slots that keep it. */
  readonly #slots = new Map<number, number>()
  readonly #mappings: { readonly address: number; readonly length: number }[] = []

  /** What functions do with memory; `buffers` adds to what is known of all platforms. */
  readonly buffers: Partial<Record<FunctionName, readonly BufferArgument[]>>

  constructor(
    libc: Libc,
    lanes: number,
    buffers: Partial<Record<FunctionName, readonly BufferArgument[]>> = {},
  ) {
    this.buffers = { ...bufferArguments, ...buffers }
    this.lanes = Array.from({ length: lanes }, () => new LaneRecorder(libc, this))
  }

  /**
   * Records what `action` does. In one sequence where `together` is said, as for what comes before the threads
   * start; else a tape for each lane.
   */
  record(action: () => void, together?: 'together'): readonly Tape[] {
    const tapes = (together === 'together' ? [0] : this.lanes).map(() => new Tape())
    for (const [index, lane] of this.lanes.entries()) lane.tape = tapes[index] ?? tapes[0]
    try {
      action()
    } finally {
      for (const lane of this.lanes) lane.tape = undefined
    }
    return tapes
  }

  /** The bytes that a pointer argument leads to. */
  bytesAt(address: number, size: number): Uint8Array {
    const window = this.#window(address)
    if (window.bytes.length === size) return window.bytes
    const { memory, offset } = window
    if (offset + size > memory.bytes.length) {
      throw new UnsupportedError('recording', 'a call was given more memory than there is')
    }
    return (window.bytes = memory.bytes.subarray(offset, offset + size))
  }

  ownerOf(address: number): Memory {
    return this.#window(address).memory
  }

  #window(address: number): Window {
    const known = this.#windows.get(address)
    if (known !== undefined) return known
    const found = findMemory(address as Pointer)
    if (found === undefined) throw new UnsupportedError('recording', 'a call was given memory of others')
    const { memory, offset } = found
    const shadow = this.#shadows.get(memory) ?? new Shadow(memory.bytes.length)
    this.#shadows.set(memory, shadow)
    const window = { memory, offset, shadow, bytes: memory.bytes.subarray(offset, offset) }
    this.#windows.set(address, window)
    return window
  }

  /** Finds what was stored to a call's input since it was last seen, and adds those stores to a tape. */
  addStores(tape: Tape, address: number, bytes: Uint8Array): void {
    const { shadow, offset } = this.#window(address)
    if (shadow.has(offset, bytes)) return
    for (let at = 0; at < bytes.length;) {
      const width = (address + at) % 4 === 0 && at + 4 <= bytes.length ? 4 : 1
      if (!shadow.hasPart(offset, bytes, at, width)) {
        tape.addStore(address + at, width, valueAt(bytes, at, width))
      }
      at += width
    }
    shadow.learn(offset, bytes)
  }

  /** A copy of what is known now, for `settle`. */
  snapshot(): ReadonlyMap<Memory, Shadow> {
    return new Map([...this.#shadows].map(([memory, shadow]) => [memory, shadow.clone()]))
  }

  /**
   * Makes memory what a cycle that is recorded now would find. JavaScript may have changed it since the last call
   * and change it back before the next one, which is no store in any tape. What the setup leaves otherwise,
   * being replayed first, is stored at its end; `before` is the snapshot from when it had been recorded.
   */
  settle(setup: Tape, before: ReadonlyMap<Memory, Shadow>): void {
    for (const [memory, shadow] of this.#shadows) {
      shadow.restore(memory.bytes)
      const left = before.get(memory)
      if (left === undefined) continue
      setup.memory.add(memory)
      shadow.differences(left, (offset, bytes) => {
        const width = bytes.length === 4 ? 4 : 1
        setup.addStore(memory.at(offset), width, valueAt(bytes, 0, width))
      })
    }
  }

  /** Takes what a call has left as known, or as what no other call will leave there. */
  learn(address: number, bytes: Uint8Array, spent: boolean): void {
    const { shadow, offset } = this.#window(address)
    if (spent) shadow.forget(offset, bytes.length)
    else shadow.learn(offset, bytes)
  }

  /** Whether memory was mapped, which the kernel changes, too. */
  get hasMappings(): boolean {
    return this.#mappings.length > 0
  }

  /** Notes where the kernel has mapped something. */
  addMapping(address: number, length: number): void {
    this.#mappings.push({ address, length })
  }

  /** An address in a mapping, as it is in every replay. */
  mapped(address: number): Mapped {
    const found = this.#mappings.findLast(
      (one) => address >= one.address && address < one.address + one.length,
    )
    const slot = found === undefined ? undefined : this.slotOf(found.address)
    if (found === undefined || slot === undefined) {
      throw new UnsupportedError('recording', 'a queue lies in memory of others')
    }
    return { slot, offset: address - found.address }
  }

  /** The slot that has a descriptor, or the address of a mapping. */
  slotOf(fd: number): number | undefined {
    return this.#slots.get(fd)
  }

  /** Gives a descriptor a slot, until it is closed. */
  bind(fd: number): number {
    const taken = new Set(this.#slots.values())
    let slot = 0
    while (taken.has(slot)) slot++
    if (slot >= SLOTS) throw new UnsupportedError('recording', `more than ${SLOTS} unchecked descriptors`)
    this.#slots.set(fd, slot)
    return slot
  }

  unbind(fd: number): void {
    this.#slots.delete(fd)
  }
}

function valueAt(bytes: Uint8Array, at: number, width: 1 | 4): number {
  const byte = (index: number): number => bytes[at + index] ?? 0
  return width === 1 ? byte(0) : byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)
}
