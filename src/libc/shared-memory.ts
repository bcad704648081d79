import { MAP, PROT } from './constants/linux.ts'
import { bytesAt } from './ffi.ts'
import { sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { NULL } from './signatures.ts'
import type { Pointer } from './signatures.ts'

/**
 * Memory that stays shared with a process that is forked later: zeroed, page-aligned. It must be closed, and
 * its views must not be used afterwards: that would crash the process.
 */
export class SharedMemory implements Disposable {
  readonly #libc: Libc
  readonly #length: number
  readonly address: Pointer
  #view: DataView | undefined

  /** Throws `SystemError`: ENOMEM. */
  constructor(libc: Libc, length: number) {
    this.#libc = libc
    this.#length = length
    this.address = sys(libc, 'mmap', NULL, length, PROT.READ | PROT.WRITE, MAP.SHARED | MAP.ANONYMOUS, -1, 0)
    const bytes = bytesAt(this.address, length)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, length)
  }

  get view(): DataView {
    if (this.#view === undefined) throw new TypeError('the memory was given back')
    return this.#view
  }

  /** The address `offset` bytes in. */
  at(offset: number): Pointer {
    return (this.address + offset) as Pointer
  }

  close(): void {
    if (this.#view === undefined) return
    this.#view = undefined
    this.#libc.fn.munmap(this.address, this.#length)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
