import { lastError } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { Timespec } from '../timeout.ts'
import type { KqueueAbi } from './abi.ts'
import { decodeKevents, encodeKevent } from './codec.ts'
import type { Kevent } from './codec.ts'
import { OwnedKqueue } from './owned-kqueue.ts'

/** A change that is to be made. */
export type Change = Parameters<typeof encodeKevent>[3]

/** A kqueue, with one interface. */
export class Kqueue implements Disposable {
  readonly #libc: Libc
  readonly #abi: KqueueAbi
  readonly #kq: OwnedKqueue
  readonly #timeout = new Timespec()

  /** Throws `SystemError`, or `UnsupportedError` where no library has a kqueue. */
  constructor(libc: Libc, abi: KqueueAbi) {
    this.#libc = libc
    this.#abi = abi
    this.#kq = new OwnedKqueue(libc)
  }

  get fd(): number {
    return this.#kq.fd
  }

  /**
   * Makes changes and waits for at most `room` events, for `timeoutMs` milliseconds. A change that fails is an event
   * with EV_ERROR, if there is room, and otherwise throws `SystemError`, as any other failure does. Throws
   * `KeventBufferError` where more events are returned than there is room for.
   */
  kevent(changes: readonly Change[], room: number, timeoutMs: number): Kevent[] {
    const libc = this.#libc
    const { size } = this.#abi.kevent
    const input = new Memory(changes.length * size)
    const output = new Memory(room * size)
    for (const [index, change] of changes.entries()) encodeKevent(this.#abi, input.view, index, change)
    const [given, got] = [changes.length === 0 ? NULL : input.address, room === 0 ? NULL : output.address]
    const timeout = this.#timeout.set(timeoutMs * 1e6)
    const count = libc.fn.kevent(this.#kq.fd, given, changes.length, got, room, timeout)
    if (count === -1) throw lastError(libc, 'kevent')
    return decodeKevents(this.#abi, new DataView(output.bytes.buffer, 0, room * size), count)
  }

  close(): void {
    this.#kq.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
