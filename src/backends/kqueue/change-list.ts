import { Memory } from '../../libc/memory.ts'
import type { Pointer } from '../../libc/signatures.ts'
import type { KqueueAbi } from './abi.ts'
import { writeHead } from './codec.ts'

/**
 * The array of changes that a call of `kevent` takes, kept and reused: a change is written as words, and makes no
 * object. It grows as needed, so its address is to be asked for when all changes are in it.
 */
export class ChangeList {
  readonly #abi: KqueueAbi
  #memory: Memory
  #length = 0

  constructor(abi: KqueueAbi) {
    this.#abi = abi
    this.#memory = new Memory(4 * abi.kevent.size)
  }

  get length(): number {
    return this.#length
  }

  get address(): Pointer {
    return this.#memory.address
  }

  clear(): this {
    this.#length = 0
    return this
  }

  /** Adds a change. `udata` has 32 bits here, and so has the identifier. */
  push(ident: number, filter: number, flags: number, udata: number, fflags = 0): this {
    const { size, offsets } = this.#abi.kevent
    const start = this.#length++ * size
    if (start + size > this.#memory.bytes.length) this.#grow()
    const { view, bytes } = this.#memory
    bytes.fill(0, start, start + size)
    view.setInt32(start + offsets.ident, ident, true)
    writeHead(this.#abi, view, start, filter, flags)
    view.setUint32(start + offsets.fflags, fflags, true)
    view.setUint32(start + offsets.udata, udata, true)
    return this
  }

  /** Leaves only the change with that number, for a call that is to make it alone. */
  only(index: number): this {
    const { size } = this.#abi.kevent
    this.#memory.bytes.copyWithin(0, index * size, (index + 1) * size)
    this.#length = 1
    return this
  }

  #grow(): void {
    const wider = new Memory(2 * this.#memory.bytes.length)
    wider.bytes.set(this.#memory.bytes)
    this.#memory = wider
  }
}
