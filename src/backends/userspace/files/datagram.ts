import { constants as osConstants } from 'node:os'
import { MSG } from '../../../libc/constants/linux.ts'
import type { Bytes } from './open-file.ts'
import type { Rights } from './rights.ts'
import { datagramCost } from './socket-memory.ts'
import { UnixSocket } from './unix-socket.ts'
import type { Receipt } from './unix-socket.ts'

const { EAGAIN, ECONNREFUSED, EFAULT, EMSGSIZE, ENOTCONN, EPIPE } = osConstants.errno

/** Bytes that a message may not have of the send buffer (`unix_dgram_sendmsg`). */
const RESERVED = 32

/** A socket of messages: `SOCK_SEQPACKET`, which has a connection, or `SOCK_DGRAM`, which has only an address. */
export class MessageSocket extends UnixSocket {
  protected readonly connected: boolean

  constructor(nonblocking: boolean, connected: boolean) {
    super(nonblocking)
    this.connected = connected
  }

  override get keepsEmpty(): boolean {
    return true
  }

  send(from: Bytes, length: number, rights?: Rights): number {
    if (this.connected) {
      const error = this.takeError()
      if (error !== 0) return -error
    }
    const { peer } = this
    if (length > this.sendBuffer - RESERVED) return -EMSGSIZE
    const error = this.takeError()
    if (error !== 0) return -error
    if (this.sendsNoMore) return -EPIPE
    if (this.outstanding >= this.sendBuffer) return -EAGAIN
    if (from === undefined && length > 0) return this.refused(EFAULT)
    if (peer === undefined) return this.refused(ENOTCONN)
    if (this.#isGone(peer)) {
      // Who finds out that nobody is there has no address any more, and what that one had sent is lost with it.
      this.peer = undefined
      this.discard()
      return this.refused(ECONNREFUSED)
    }
    if (peer.receivesNoMore) return this.refused(EPIPE)
    this.deliver(peer, from?.slice(0, length) ?? new Uint8Array(0), datagramCost(length), rights)
    return length
  }

  #isGone(peer: UnixSocket): boolean {
    return peer instanceof MessageSocket && peer.closed
  }

  receive(into: Bytes, length: number, flags: number, receipt?: Receipt): number {
    const error = this.takeError()
    if (error !== 0) return -error
    const message = this.received[0]
    if (message === undefined) return this.connected && this.receivesNoMore ? 0 : -EAGAIN
    const part = message.bytes.subarray(0, length)
    if (receipt !== undefined) receipt.truncated = part.length < message.bytes.length
    const peeks = (flags & MSG.PEEK) !== 0
    // What does not fit is lost, and so is a message for which there is no place at all.
    if (!peeks) {
      this.received.shift()
      this.passRights(message, receipt)
      this.finish(message)
    }
    if (part.length > 0 && into === undefined) return -EFAULT
    into?.set(part)
    return part.length
  }

  /** FIONREAD: the length of the first message; of a socket with a connection, of all of them. */
  override readable(): number {
    const counted = this.connected ? this.received : this.received.slice(0, 1)
    return counted.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }
}
