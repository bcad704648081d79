import { POLL } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { Readiness } from '../backend.ts'
import { readinessOf } from '../readiness.ts'

/** What poll(2) says of one descriptor, for where a kqueue has forgotten to. */
export class Writability {
  readonly #libc: Libc
  readonly #pollfd = new Memory(layouts.pollfd.size)

  constructor(libc: Libc) {
    this.#libc = libc
  }

  /** `WRITABLE`, with `HANGUP` and `ERROR` where they are; 0 where it cannot be written to. */
  of(fd: number): number {
    const { view, address } = this.#pollfd
    const { offsets } = layouts.pollfd
    view.setInt32(offsets.fd, fd, true)
    view.setInt16(offsets.events, POLL.OUT, true)
    view.setInt16(offsets.revents, 0, true)
    if (this.#libc.fn.poll(address, 1, 0) !== 1) return 0
    const answer = readinessOf(view.getInt16(offsets.revents, true))
    return Readiness.WRITABLE | (answer & (Readiness.HANGUP | Readiness.ERROR))
  }
}
