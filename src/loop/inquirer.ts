import { readinessOf } from '../backends/readiness.ts'
import { Readiness } from '../backends/backend.ts'
import type { Capabilities, ReadinessBatch } from '../backends/backend.ts'
import { FIONREAD, POLL } from '../libc/constants/linux.ts'
import { layouts } from '../libc/layouts.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'

const { size: ENTRY_SIZE, offsets } = layouts.pollfd

/** What says that something has ended. */
const ENDS = Readiness.READ_CLOSED | Readiness.HANGUP | Readiness.ERROR

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

  /** Makes up for what a backend cannot tell of ends in the first `n` events of a batch. */
  complete(batch: ReadinessBatch, n: number, { hangup, tokenPer }: Capabilities): void {
    if (!hangup) this.addHangups(batch, n)
    else if (tokenPer === 'direction') this.refineEnds(batch, n)
  }

  /** Adds hang-ups, half-closes and errors to the first `n` events of a batch: one poll(2) for all of them. */
  addHangups(batch: ReadinessBatch, n: number): void {
    if (n === 0) return
    this.#pollAll(batch, n, ~0)
    for (let i = 0; i < n; i++) batch.flags[i] = (batch.flags[i] ?? 0) | this.#answer(i)
  }

  /**
   * Tells apart what a backend reports as the end of a direction: the other side of a pipe that has gone is an error
   * to who writes, and no hang-up. Nothing is asked where nothing has ended.
   */
  refineEnds(batch: ReadinessBatch, n: number): void {
    let ended = 0
    for (let i = 0; i < n; i++) ended |= batch.flags[i] ?? 0
    if ((ended & ENDS) === 0) return
    this.#pollAll(batch, n, ENDS)
    for (let i = 0; i < n; i++) {
      const flags = batch.flags[i] ?? 0
      if ((flags & ENDS) === 0) continue
      const answer = this.#answer(i) & ENDS
      const isError = (answer & Readiness.ERROR) !== 0 && (answer & Readiness.HANGUP) === 0
      batch.flags[i] = (isError ? flags & ~ENDS : flags) | answer
    }
  }

  /** Asks of those of the first `n` events that have one of these flags. */
  #pollAll(batch: ReadinessBatch, n: number, flags: number): void {
    if (this.#entries.bytes.length < n * ENTRY_SIZE) this.#entries = new Memory(n * ENTRY_SIZE)
    const { view, address } = this.#entries
    for (let i = 0; i < n; i++) {
      const fd = ((batch.flags[i] ?? 0) & flags) === 0 ? -1 : (batch.fds[i] ?? -1)
      view.setInt32(i * ENTRY_SIZE + offsets.fd, fd, true)
      view.setInt16(i * ENTRY_SIZE + offsets.events, POLL.RDHUP, true)
      view.setInt16(i * ENTRY_SIZE + offsets.revents, 0, true)
    }
    this.#libc.fn.poll(address, n, 0)
  }

  #answer(index: number): number {
    return readinessOf(this.#entries.view.getInt16(index * ENTRY_SIZE + offsets.revents, true))
  }
}
