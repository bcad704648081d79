import { bufferArguments } from '../../libc/buffers.ts'
import type { BufferArgument } from '../../libc/buffers.ts'
import type { Libc } from '../../libc/libc.ts'
import { findMemory } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import { signatures } from '../../libc/signatures.ts'
import type { FunctionName, Pointer } from '../../libc/signatures.ts'
import { wrapLibc } from '../../libc/wrap.ts'
import type { NativeCall } from '../../libc/wrap.ts'
import { UnsupportedError } from '../../errors.ts'
import { sumOfWords } from './sum.ts'
import { Tape, varyingArgument } from './tape.ts'
import type { Output } from './tape.ts'

/** Functions that look something up, and are no part of what is measured. */
const lookUps: ReadonlySet<FunctionName> = new Set(['dlopen', 'dlsym', 'dladdr', 'strlen'])

/** How many bytes of an output are kept to be shown. */
const KEPT = 256

/** The bytes at an address that a call was given, and the memory that owns them. */
interface Window {
  readonly bytes: Uint8Array
  readonly memory: Memory
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
  /** The bytes last known to be at an address. */
  readonly #known = new Map<number, Uint8Array>()
  readonly #windows = new Map<number, Window>()

  constructor(libc: Libc, lanes: number) {
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
  window(address: number, size: number): Uint8Array {
    let window = this.#windows.get(address)
    if (window === undefined || window.bytes.length < size) {
      const found = findMemory(address as Pointer)
      if (found === undefined) throw new UnsupportedError('recording', 'a call was given memory of others')
      window = { memory: found.memory, bytes: found.memory.bytes.subarray(found.offset) }
      this.#windows.set(address, window)
    }
    return window.bytes.subarray(0, size)
  }

  ownerOf(address: number): Memory | undefined {
    return this.#windows.get(address)?.memory
  }

  /** Finds what was stored to a call's input since it was last seen, and adds those stores to a tape. */
  addStores(tape: Tape, address: number, bytes: Uint8Array): void {
    addDifferences(tape, address, bytes, this.#known.get(address))
  }

  /** A copy of what is known now, for `settle`. */
  snapshot(): ReadonlyMap<number, Uint8Array> {
    return new Map([...this.#known].map(([address, bytes]) => [address, bytes.slice()]))
  }

  /**
   * Makes memory what a cycle that is recorded now would find. JavaScript may have changed it since the last call
   * and change it back before the next one, which is no store in any tape. What the setup leaves otherwise,
   * being replayed first, is stored at its end; `before` is the snapshot from when it had been recorded.
   */
  settle(setup: Tape, before: ReadonlyMap<number, Uint8Array>): void {
    for (const [address, known] of this.#known) {
      this.window(address, known.length).set(known)
      const left = before.get(address)
      const owner = this.ownerOf(address)
      if (left === undefined || owner === undefined) continue
      setup.memory.add(owner)
      addDifferences(setup, address, known, left)
    }
  }

  /** Takes the present bytes as known; undefined: nobody can know them. */
  learn(address: number, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) {
      this.#known.delete(address)
      return
    }
    const known = this.#known.get(address)
    if (known !== undefined && known.length >= bytes.length) known.set(bytes)
    else this.#known.set(address, bytes.slice())
  }
}

/** Adds the stores that make `known` into `bytes`. */
function addDifferences(tape: Tape, address: number, bytes: Uint8Array, known: Uint8Array | undefined): void {
  for (let at = 0; at < bytes.length;) {
    const width = (address + at) % 4 === 0 && at + 4 <= bytes.length ? 4 : 1
    if (known === undefined || at + width > known.length || differs(bytes, known, at, width)) {
      tape.addStore(address + at, width, valueAt(bytes, at, width))
    }
    at += width
  }
}

function differs(a: Uint8Array, b: Uint8Array, at: number, width: number): boolean {
  for (let i = at; i < at + width; i++) if (a[i] !== b[i]) return true
  return false
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
    this.libc = wrapLibc(libc, (name, native) => {
      if (lookUps.has(name)) return native
      const recorded = this.#recorded(name, native)
      return (...args) => {
        // Through a Poller that lanes share, a lane may act by the functions of another one.
        const { tape } = recorder.acting ?? this
        return tape === undefined ? native(...args) : recorded(tape, args)
      }
    })
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
    this.#recorder.acting = this
    try {
      return calls()
    } finally {
      this.#recorder.acting = undefined
    }
  }

  #recorded(
    name: FunctionName,
    native: NativeCall,
  ): (tape: Tape, args: readonly (number | string)[]) => number {
    const kinds = signatures[name].args
    const buffers = bufferArguments[name] ?? []
    /** The arguments of which it is not known what is done with the memory that they lead to. */
    const unknown = [...kinds.keys()].filter((index) => {
      const kind = kinds[index]
      return kind === 'string' || (kind === 'pointer' && !buffers.some((buffer) => buffer.index === index))
    })
    const varying = varyingArgument(name)
    const isRead = ({ use }: BufferArgument): boolean => use !== 'out'
    const recorder = this.#recorder
    return (tape, given) => {
      const args = given as readonly number[]
      if (unknown.some((index) => args[index] !== 0)) {
        throw new UnsupportedError(`recording ${name}`, 'it is not known what it does with memory')
      }
      for (const buffer of buffers.filter(isRead)) {
        const address = args[buffer.index] ?? 0
        if (address === 0) continue
        const bytes = recorder.window(address, buffer.size(args, 0))
        recorder.addStores(tape, address, bytes)
        recorder.learn(address, bytes)
      }
      const checked = recorder.acting === undefined
      const result = native(...args)
      const errno = result === -1 ? this.#plain.errno() : 0
      const outputs: Output[] = []
      for (const buffer of buffers) {
        const { index, use } = buffer
        const address = args[index] ?? 0
        if (address === 0) continue
        const bytes = recorder.window(address, buffer.size(args, result))
        const owner = recorder.ownerOf(address)
        if (owner !== undefined) tape.memory.add(owner)
        if (use === 'in') continue
        recorder.learn(address, use === 'spent' ? undefined : bytes)
        if (use !== 'spent' && checked && bytes.length >= 4) outputs.push(outputOf(address, bytes))
      }
      const kept = [...args]
      if (varying !== undefined) kept[varying] = 0
      const number = varying === undefined ? 0 : (args[varying] ?? 0) | 0
      tape.addCall({ kind: 'call', name, args: kept, result, errno, checked, outputs }, number)
      return result
    }
  }
}

function outputOf(address: number, bytes: Uint8Array): Output {
  const words = Math.floor(bytes.length / 4)
  return { address, words, sum: sumOfWords(bytes, words), bytes: bytes.slice(0, Math.min(KEPT, 4 * words)) }
}
