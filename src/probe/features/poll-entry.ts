import { layouts } from '../../libc/layouts.ts'
import { Memory } from '../../libc/memory.ts'

const { size, offsets } = layouts.pollfd

/** One `struct pollfd`. */
export class Entry {
  readonly #memory = new Memory(size)

  constructor(fd: number, events: number) {
    this.#memory.view.setInt32(offsets.fd, fd, true)
    this.#memory.view.setInt16(offsets.events, events, true)
  }

  get address(): Memory['address'] {
    return this.#memory.address
  }

  get revents(): number {
    return this.#memory.view.getUint16(offsets.revents, true)
  }
}
