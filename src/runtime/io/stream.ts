/** Connections: what two ends write, the other one reads, in its order. */
import { MSG, SHUT } from '../../libc/constants/linux.ts'
import type { Routine } from '../fiber.ts'
import type { Address } from './addresses.ts'
import { addressText } from './addresses.ts'
import type { Calls, Waiting } from './calls.ts'
import { MessageSocket } from './messages.ts'
import type { SocketMode } from './socket.ts'
import { MOST_VECTORS, partOf, roomIn } from './vectors.ts'
import type { Bytes } from './vectors.ts'

const WAITS_FIRST: Waiting = { waitsFirst: true }

/** One end of a connection. One fiber may read while another one writes. */
export class Stream extends MessageSocket {
  /** The address of the other end. */
  readonly peer: Address
  /** Whether a read that got less than it has room for has got all there was; of records it has got one. */
  readonly #isOfBytes: boolean
  #isEmptied = false

  /** For `Io`. */
  constructor(calls: Calls, fd: number, address: Address, peer: Address, mode: SocketMode) {
    super(calls, fd, address)
    this.peer = peer
    this.#isOfBytes = mode === 'stream'
  }

  override get label(): string {
    return `${super.label} of ${addressText(this.peer)}`
  }

  /**
   * Reads what there is into memory, the first before the next (at most 8 at once), and returns how many bytes: at
   * least 1, for which it waits, or 0 at the end. RangeError where there is no room at all. Throws `SocketError`
   * (`connection-reset-by-peer`, `timeout` and others), and `CanceledError`, with nothing read.
   */
  *read(vectors: readonly Bytes[]): Routine<number> {
    const { memory, libc } = this.calls
    const room = roomIn(vectors)
    // What has come since it was emptied ends that wait at once; epoll(7) recommends to ask no sooner.
    const how = this.#isEmptied && room > 0 ? WAITS_FIRST : undefined
    const call = (): number => {
      const count = memory.fillVectors(vectors)
      if (count === 0) throw new RangeError('read needs room for a byte')
      const length = libc.fn.readv(this.fd, memory.iovecs.address, count)
      if (length === 0) this.calls.assertNotFailed('read', this)
      return length
    }
    const length = yield* this.calls.whenReady('read', this, 'read', call, how)
    this.#isEmptied = this.#isOfBytes && length > 0 && length < room
    return length
  }

  /**
   * Writes from memory (at most 8 parts at once), and returns how many bytes the kernel has taken: at least 1, for
   * which it waits, unless there is nothing to write. Throws `SocketError` (`socket-unconnected` where nobody reads any
   * more, and others), and `CanceledError`, with nothing written.
   */
  write(vectors: readonly Bytes[]): Routine<number> {
    const { memory, libc } = this.calls
    return this.calls.whenReady('write', this, 'write', () => {
      const count = memory.fillVectors(vectors)
      if (count === 0) return 0
      memory.fillHeader(count, 0, undefined)
      // writev would do, but for the signal that it sends where nobody reads any more.
      return libc.fn.sendmsg(this.fd, memory.header.address, MSG.NOSIGNAL)
    })
  }

  /** Writes all. Where it throws, a part may have been written. */
  *writeAll(vectors: readonly Bytes[]): Routine {
    const left = vectors.filter(({ bytes }) => bytes.length > 0)
    for (let first = 0; first < left.length;) {
      let written = yield* this.write(left.slice(first, first + MOST_VECTORS))
      let next = left[first]
      for (; next !== undefined && written >= next.bytes.length; next = left[++first])
        written -= next.bytes.length
      if (next !== undefined && written > 0) left[first] = partOf(next, written)
    }
  }

  /**
   * Ends one direction, or both: what the other end reads comes to its end, or what it writes fails. As `close`, it waits
   * for nothing, and is done by who is canceled too. Throws `SocketError`.
   */
  shutdown(direction: 'read' | 'write' | 'both' = 'both'): void {
    const how = { read: SHUT.RD, write: SHUT.WR, both: SHUT.RDWR }[direction]
    this.calls.assertOpen('shutdown', this)
    this.calls.anyway('shutdown', this.label, () => this.calls.libc.fn.shutdown(this.fd, how))
  }
}
