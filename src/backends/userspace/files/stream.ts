import { constants as osConstants } from 'node:os'
import { MSG } from '../../../libc/constants/linux.ts'
import type { Bytes } from './open-file.ts'
import type { Rights } from './rights.ts'
import { streamCost, streamPart } from './socket-memory.ts'
import { UnixSocket } from './unix-socket.ts'
import type { Receipt } from './unix-socket.ts'

const { EAGAIN, EFAULT, ENOTCONN, EPIPE } = osConstants.errno

/** A socket of bytes without limits between them. */
export class StreamSocket extends UnixSocket {
  protected readonly connected = true

  send(from: Bytes, length: number, rights?: Rights): number {
    const { peer } = this
    if (peer === undefined) return -ENOTCONN
    if (this.sendsNoMore) return -EPIPE
    let sent = 0
    while (sent < length) {
      const refusal = this.#whyNot()
      if (refusal !== 0) return sent > 0 ? sent : refusal
      const late = from === undefined ? EFAULT : peer.receivesNoMore ? EPIPE : 0
      if (from === undefined || late !== 0) return sent > 0 ? sent : this.refused(late)
      const part = streamPart(length - sent, this.sendBuffer)
      this.deliver(peer, from.slice(sent, sent + part), streamCost(part), sent === 0 ? rights : undefined)
      sent += part
    }
    return sent
  }

  #whyNot(): number {
    const error = this.takeError()
    if (error !== 0) return -error
    if (this.sendsNoMore) return -EPIPE
    return this.outstanding >= this.sendBuffer ? -EAGAIN : 0
  }

  receive(into: Bytes, length: number, flags: number, receipt?: Receipt): number {
    let done = 0
    let index = 0
    while (done < length) {
      const message = this.received[index]
      if (message === undefined) break
      if (into === undefined) return -EFAULT
      const rest = message.bytes.subarray(message.start, message.start + length - done)
      into.set(rest, done)
      done += rest.length
      if ((flags & MSG.PEEK) !== 0) {
        index++
        continue
      }
      message.start += rest.length
      const hadRights = this.passRights(message, receipt)
      if (message.start < message.bytes.length) break
      this.received.shift()
      this.finish(message)
      // What comes with data ends it: the next descriptors are for the next call.
      if (hadRights) break
    }
    if (done > 0 || this.received.length > 0) return done
    const error = this.takeError()
    if (error !== 0) return -error
    return this.receivesNoMore ? 0 : -EAGAIN
  }

  override readable(): number {
    return this.received.reduce((sum, { bytes, start }) => sum + bytes.length - start, 0)
  }
}
