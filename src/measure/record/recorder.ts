import { bufferArguments, returnDescriptors } from '../../libc/buffers.ts'
import type { BufferArgument } from '../../libc/buffers.ts'
import type { Libc } from '../../libc/libc.ts'
import { findMemory } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import { signatures } from '../../libc/signatures.ts'
import type { FunctionName, Pointer } from '../../libc/signatures.ts'
import { wrapLibc } from '../../libc/wrap.ts'
import type { NativeCall } from '../../libc/wrap.ts'
import { UnsupportedError } from '../../errors.ts'
import { SLOTS } from '../replay/layout.ts'
import { buffersOf } from './call-buffers.ts'
import { isSame, outputOf } from './outputs.ts'
import { assertChecked, RecordedQueue } from './recorded-queue.ts'
import type { QueueRecorder } from './recorded-queue.ts'
import { Shadow } from './shadow.ts'
import { Tape, varyingArgument } from './tape.ts'
import type { Mapped, Output, RecordedCall } from './tape.ts'

/** Functions that look something up, and are no part of what is measured. */
const lookUps: ReadonlySet<FunctionName> = new Set(['dlopen', 'dlsym', 'dladdr', 'strlen'])

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
  if (width === 1) return bytes[at] ?? 0
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true)
}

/** Records the calls of one thread. */
export class LaneRecorder {
  /** A Libc whose calls are recorded while a tape runs. */
  readonly libc: Libc
  /** Set by the recorder while it records. */
  tape: Tape | undefined
  readonly #plain: Libc
  readonly #recorder: Recorder

  constructor(libc: Libc, recorder: Recorder) {
    this.#plain = libc
    this.#recorder = recorder
    const wrapped = wrapLibc(libc, (name, native) => {
      if (lookUps.has(name)) return native
      const recorded = this.#recorded(name, native)
      return (...args) => {
        // Through a Poller that lanes share, a lane may act by the functions of another one.
        const { tape } = recorder.acting ?? this
        return tape === undefined ? native(...args) : recorded(tape, args)
      }
    })
    const queues: QueueRecorder = {
      tape: () => {
        assertChecked(recorder.acting !== undefined)
        return this.tape
      },
      mapped: (address) => recorder.mapped(address),
    }
    this.libc = { ...wrapped, queue: (place) => new RecordedQueue(libc.queue(place), place, queues) }
  }

  mark(): void {
    this.tape?.addPlain('mark')
  }

  pace(): void {
    this.tape?.addPlain('pace')
  }

  barrier(): void {
    this.tape?.addPlain('barrier')
  }

  /** These calls are this lane's, through whatever Libc, and their results may differ from replay to replay. */
  unchecked<T>(calls: () => T): T {
    const { acting } = this.#recorder
    this.#recorder.acting = this
    try {
      return calls()
    } finally {
      this.#recorder.acting = acting
    }
  }

  #recorded(
    name: FunctionName,
    native: NativeCall,
  ): (tape: Tape, args: readonly (number | string)[]) => number {
    const kinds = signatures[name].args
    const fixed = this.#recorder.buffers[name] ?? []
    /** The arguments of which it is not known what is done with the memory that they lead to. */
    const unknown = [...kinds.keys()].filter((index) => {
      const kind = kinds[index]
      return kind === 'string' || (kind === 'pointer' && !fixed.some((buffer) => buffer.index === index))
    })
    const varying = varyingArgument(name)
    /** What each pointer argument was last seen to leave: mostly it is the same again. */
    const last: (Output | undefined)[] = []
    const recorder = this.#recorder
    return (tape, given) => {
      const args = given as readonly number[]
      if (unknown.some((index) => args[index] !== 0)) {
        throw new UnsupportedError(`recording ${name}`, 'it is not known what it does with memory')
      }
      const buffers = buffersOf(name, args, fixed)
      for (const buffer of buffers) {
        const address = args[buffer.index] ?? 0
        if (address === 0 || buffer.use === 'out') continue
        recorder.addStores(tape, address, recorder.bytesAt(address, buffer.size(args, 0)))
      }
      const checked = recorder.acting === undefined
      const result = native(...args)
      const errno = result === -1 ? this.#plain.errno() : 0
      const outputs: Output[] = []
      for (const buffer of buffers) {
        const { index, use } = buffer
        const address = args[index] ?? 0
        if (address === 0) continue
        tape.memory.add(recorder.ownerOf(address))
        if (use === 'in') continue
        const bytes = recorder.bytesAt(address, buffer.size(args, result))
        recorder.learn(address, bytes, use === 'spent')
        if (use === 'spent' || !checked || bytes.length < 4) continue
        const before = last[index]
        const output =
          before !== undefined && isSame(before, address, bytes) ? before : outputOf(address, bytes)
        last[index] = output
        outputs.push(output)
      }
      const kept = args.slice()
      const opens = checked && result >= 0 && returnDescriptors.has(name)
      if (varying !== undefined && !opens) kept[varying] = 0
      const number = opens ? result : varying === undefined ? 0 : (args[varying] ?? 0) | 0
      const bound = varying === undefined || opens ? undefined : recorder.slotOf(number)
      if (bound !== undefined && name === 'close') recorder.unbind(number)
      const maps = name === 'mmap' && result !== -1
      if (maps) recorder.addMapping(result, args[1] ?? 0)
      const isDescriptor = !checked && result >= 0 && returnDescriptors.has(name)
      const binds = isDescriptor || maps ? recorder.bind(result) : undefined
      const call: RecordedCall = {
        kind: 'call',
        name,
        args: kept,
        result: opens ? 0 : result,
        opens,
        errno,
        // The kernel maps it where there is room.
        checked: checked && !maps,
        binds,
        bound: bound !== undefined,
        outputs: opens ? [] : outputs,
      }
      tape.addCall(call, bound ?? number)
      return result
    }
  }
}
