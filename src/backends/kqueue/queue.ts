import { SystemError } from '../../errors.ts'
import { errnoNumber, lastError } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { assertTimeout, Timespec } from '../timeout.ts'
import type { KqueueAbi } from './abi.ts'
import { decodeKevents, encodeKevent } from './codec.ts'
import type { Kevent } from './codec.ts'
import { kqueueEvent } from './event.ts'
import type { KqueueEvent } from './event.ts'
import { OwnedKqueue } from './owned-kqueue.ts'
import { abiOf } from './prove.ts'
import { makeChanges } from './receipts.ts'
import type { Receipt } from './receipts.ts'
import type { Change } from './registration.ts'

const NS_PER_MS = 1_000_000

/**
 * A kqueue with all of its filters, which no other backend has: timers, signals, processes, files. `abi` is what their
 * changes are made for: `kq.apply([timerChange(kq.abi, 1, { afterNs: 5e6 })])`.
 */
export class Kqueue implements Disposable {
  readonly abi: KqueueAbi
  readonly #libc: Libc
  readonly #kq: OwnedKqueue
  readonly #timeout = new Timespec()

  /** Throws `SystemError`, or `UnsupportedError` where no library has a kqueue. */
  constructor(libc: Libc, abi: KqueueAbi = abiOf(libc)) {
    this.#libc = libc
    this.abi = abi
    this.#kq = new OwnedKqueue(libc)
  }

  get fd(): number {
    return this.#kq.fd
  }

  /** Makes all changes, and throws the `SystemError` of the first that fails: its message names the filter and of what. */
  apply(changes: readonly Change[]): void {
    for (const { error } of this.receipts(changes)) if (error !== undefined) throw error
  }

  /** Makes all changes, and says of each what became of it. See `makeChanges`. */
  receipts(changes: readonly Change[]): Receipt[] {
    return makeChanges(this.abi, (...call) => this.kevent(...call), changes)
  }

  /**
   * Waits for at most `room` events; null waits for ever. None is a timeout, or with libkqueue a wake-up that led to
   * nothing. libkqueue may lose edges that there is no room for, and gives 512 at the most: give room for twice as
   * many as there are registrations. Throws `SystemError`, EINTR where a signal came.
   */
  wait(room: number, timeoutNs: number | null): KqueueEvent[] {
    assertTimeout(timeoutNs)
    return this.#call([], room, timeoutNs).map((event) => kqueueEvent(this.abi, event))
  }

  /**
   * Makes changes and waits for at most `room` events, for `timeoutMs` milliseconds. A change that fails is an event
   * with EV_ERROR, if there is room (which libkqueue may not return: see `receipts`), and otherwise throws
   * `SystemError`, as any other failure does. Throws `KeventBufferError` where more events are returned than there is
   * room for.
   */
  kevent(changes: readonly Change[], room: number, timeoutMs: number): Kevent[] {
    return this.#call(changes, room, timeoutMs * NS_PER_MS)
  }

  #call(changes: readonly Change[], room: number, timeoutNs: number | null): Kevent[] {
    // libkqueue says ENOENT instead.
    if (this.fd === -1) throw new SystemError('kevent', errnoNumber('EBADF'), 'EBADF', 'it is closed')
    const libc = this.#libc
    const { size } = this.abi.kevent
    const input = new Memory(changes.length * size)
    const output = new Memory(room * size)
    for (const [index, change] of changes.entries()) encodeKevent(this.abi, input.view, index, change)
    const [given, got] = [changes.length === 0 ? NULL : input.address, room === 0 ? NULL : output.address]
    const timeout = this.#timeout.setAtMost(timeoutNs)
    const count = libc.fn.kevent(this.#kq.fd, given, changes.length, got, room, timeout)
    if (count === -1) throw lastError(libc, 'kevent')
    return decodeKevents(this.abi, new DataView(output.bytes.buffer, 0, room * size), count)
  }

  close(): void {
    this.#kq.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
