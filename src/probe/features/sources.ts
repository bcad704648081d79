import { openPipe } from '../../libc/fd.ts'
import type { OwnedFd } from '../../libc/fd.ts'
import { sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'

/** A pipe to make ready at will. Pipes are everywhere: no feature under test is needed to test another. */
export class Source implements Disposable {
  readonly #libc: Libc
  readonly #reader: OwnedFd
  readonly #writer: OwnedFd
  readonly #byte = new Memory(1)

  constructor(libc: Libc) {
    this.#libc = libc
    ;[this.#reader, this.#writer] = openPipe(libc)
  }

  /** The descriptor that becomes readable. */
  get fd(): number {
    return this.#reader.fd
  }

  makeReady(): this {
    sys(this.#libc, 'write', this.#writer.fd, this.#byte.address, 1)
    return this
  }

  [Symbol.dispose](): void {
    this.#reader.close()
    this.#writer.close()
  }
}
