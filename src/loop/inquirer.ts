import { readinessOf } from '../backends/readiness.ts'
import type { ReadinessBatch } from '../backends/backend.ts'
import { FIONREAD, POLL } from '../libc/constants/linux.ts'
import { layouts } from '../libc/layouts.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'

const { size: ENTRY_SIZE, offsets } = layouts.pollfd

/** Asks the kernel what a backend did not report with its events. */
export class Inquirer {
  readonly #libc: Libc
  readonly #count = new Memory(4)
  #entries = new Memory(ENTRY_SIZE)

  constructor(libc: Libc) {
    this.#libc = libc
  }

  /** How many bytes can be read, or null where the kernel cannot tell (a listening socket, an eventfd). */
  readableBytes(fd: number): number | null {
    if (this.#libc.fn.ioctl(fd, FIONREAD, this.#count.address) === -1) return null
    return this.#count.view.getInt32(0, true)
  }

  /** Adds hang-ups, half-closes and errors to the first `n` events of a batch: one poll(2) for all of them. */
  addHangups(batch: ReadinessBatch, n: number): void {
    if (n === 0) return
    if (this.#entries.bytes.length < n * ENTRY_SIZE) this.#entries = new Memory(n * ENTRY_SIZE)
    const { view, address } = this.#entries
    for (let i = 0; i < n; i++) {
      view.setInt32(i * ENTRY_SIZE + offsets.fd, batch.fds[i] ?? -1, true)
      view.setInt16(i * ENTRY_SIZE + offsets.events, POLL.RDHUP, true)
      view.setInt16(i * ENTRY_SIZE + offsets.revents, 0, true)
    }
    this.#libc.fn.poll(address, n, 0)
    for (let i = 0; i < n; i++) {
      const revents = view.getInt16(i * ENTRY_SIZE + offsets.revents, true)
      batch.flags[i] = (batch.flags[i] ?? 0) | readinessOf(revents)
    }
  }
}
