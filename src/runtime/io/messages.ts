/** Messages: sendmsg(2) and recvmsg(2), over any socket that has data. */
import { constants as osConstants } from 'node:os'
import { SocketError } from '../../errors.ts'
import { MSG } from '../../libc/constants/linux.ts'
import type { Routine } from '../fiber.ts'
import { ADDRESS_BYTES, decodeAddress, encodeAddress } from './addresses.ts'
import type { Address } from './addresses.ts'
import { Socket } from './socket.ts'
import type { Bytes } from './vectors.ts'

const { EINVAL } = osConstants.errno

/** One message to send. */
export interface OutgoingMessage {
  readonly data: Bytes
  /** Where to; absent where the socket is connected. */
  readonly to?: Address
  /** Control messages (cmsg(3)) as the kernel has them. */
  readonly control?: Bytes
  /** Written by `send`: how many bytes were sent, fewer than there are where a stream takes no more. */
  sent?: number
}

/** send(2) says what each does. */
export interface SendOptions {
  readonly confirm?: boolean
  readonly dontRoute?: boolean
  /** The end of a record. */
  readonly endOfRecord?: boolean
  /** Urgent data. */
  readonly urgent?: boolean
  readonly fastOpen?: boolean
}

export interface ReceiveOptions {
  /** Leaves the message where it is, for the next call; no more than one is received then. */
  readonly peek?: boolean
  /**
   * `length` is then that of the message, also where there was room for less. Not of a TCP connection, which throws away
   * what is received so: tcp(7).
   */
  readonly wholeLength?: boolean
  /**
   * Receives urgent data, of which there is one byte at most, in the place of what comes in line: recv(2), MSG_OOB. It is
   * not waited for, since no end and no error would end that: where none has come, no message is received.
   */
  readonly urgent?: boolean
  /** How long to wait for the first message: after that, `SocketError` (`timeout`). */
  readonly timeoutMs?: number
}

/** Room for one message, and what was received into it. */
export class IncomingMessage {
  readonly data: Bytes
  readonly control: Bytes | undefined
  /** How many bytes were received. 0 is an empty datagram, or the end of a stream. */
  length = 0
  controlLength = 0
  /** Who has sent it; undefined where the kernel does not say, as of connected streams. */
  from: Address | undefined
  /** Whether there was more of it than there was room for, and more of its control messages. */
  isTruncated = false
  isControlTruncated = false
  isEndOfRecord = false
  isUrgent = false

  constructor(data: Bytes, control?: Bytes) {
    this.data = data
    this.control = control
  }
}

/** A socket that sends and receives messages. */
export class MessageSocket extends Socket {
  /**
   * Sends messages in their order, and returns how many: all. Waits where the kernel takes no more. Throws
   * `SocketError`, whose `completed` says how many were sent before, and `CanceledError`.
   */
  *send(messages: readonly OutgoingMessage[], options: SendOptions = {}): Routine<number> {
    const flags = sendFlags(options)
    for (const [i, message] of messages.entries()) {
      try {
        message.sent = yield* this.#sendOne(message, flags)
      } catch (error) {
        throw counted(error, i)
      }
    }
    return messages.length
  }

  /**
   * Receives a message, for which it waits, and as many more as are there and have room. Returns how many. Throws
   * `SocketError`, whose `completed` says how many were received before, and `CanceledError`.
   */
  *receive(messages: readonly IncomingMessage[], options: ReceiveOptions = {}): Routine<number> {
    const [first] = messages
    if (first === undefined) throw new RangeError('receive needs room for a message')
    const { peek = false, wholeLength = false, urgent = false } = options
    const flags = MSG.CMSG_CLOEXEC | (peek ? MSG.PEEK : 0) | (wholeLength ? MSG.TRUNC : 0)
    if (urgent) return this.#receiveUrgent(first, flags | MSG.OOB)
    const deadlineMs = this.calls.deadline(options.timeoutMs)
    const receiveFirst = (): number => this.#receiveNow(first, flags)
    this.#fill(first, yield* this.calls.whenReady('receive', this, 'read', receiveFirst, { deadlineMs }))
    // After the end of a stream comes nothing but the end again.
    const isEnd = this.#isEnd(first)
    if (isEnd) this.calls.assertNotFailed('receive', this)
    if (peek || isEnd) return 1
    return 1 + this.#receiveMore(messages.slice(1), flags)
  }

  #receiveUrgent(message: IncomingMessage, flags: number): number {
    const { calls } = this
    calls.assertOpen('receive', this)
    calls.cancellation.check('receive')
    const length = this.#receiveNow(message, flags)
    if (length === -1) {
      const errno = calls.libc.errno()
      // "Yes this is right!" (tcp_recv_urg): that there is none is an invalid argument.
      if (errno === EINVAL || calls.isPassing(errno)) return 0
      throw calls.error(errno, 'receive', this.label)
    }
    this.#fill(message, length)
    return 1
  }

  #receiveMore(messages: readonly IncomingMessage[], flags: number): number {
    let count = 0
    for (const message of messages) {
      const length = this.#receiveNow(message, flags)
      // An error that is not passing comes again with the next call, unless it was one that is told only once.
      if (length === -1) {
        const errno = this.calls.libc.errno()
        if (this.calls.isPassing(errno)) return count
        throw counted(this.calls.error(errno, 'receive', this.label), count + 1)
      }
      this.#fill(message, length)
      count++
      if (this.#isEnd(message)) return count
    }
    return count
  }

  #sendOne(message: OutgoingMessage, flags: number): Routine<number> {
    const { memory, libc } = this.calls
    // A unix socket is writable although the one that it sends to, and is not connected to, has no room: unix(7).
    const direction = message.to?.family === 'unix' ? 'untold' : 'write'
    return this.calls.whenReady('send', this, direction, () => {
      const vectors = memory.fillVectors([message.data])
      const length = message.to === undefined ? 0 : encodeAddress(message.to, memory.address)
      memory.fillHeader(vectors, length, message.control)
      return libc.fn.sendmsg(this.fd, memory.header.address, flags)
    })
  }

  #receiveNow(message: IncomingMessage, flags: number): number {
    const { memory, libc } = this.calls
    memory.fillHeader(memory.fillVectors([message.data]), ADDRESS_BYTES, message.control)
    return libc.fn.recvmsg(this.fd, memory.header.address, flags)
  }

  /** Right after the call: the header is that of whoever calls next. */
  #fill(message: IncomingMessage, length: number): void {
    const { received, address } = this.calls.memory
    message.length = length
    message.controlLength = received.controlLength
    message.from = received.addressLength === 0 ? undefined : decodeAddress(address, received.addressLength)
    message.isTruncated = (received.flags & MSG.TRUNC) !== 0
    message.isControlTruncated = (received.flags & MSG.CTRUNC) !== 0
    message.isEndOfRecord = (received.flags & MSG.EOR) !== 0
    message.isUrgent = (received.flags & MSG.OOB) !== 0
  }

  /** An empty datagram comes from somebody. */
  #isEnd({ length, from, data }: IncomingMessage): boolean {
    return length === 0 && from === undefined && data.bytes.length > 0
  }
}

/** Where nobody reads any more, EPIPE says so; the signal that says it too would end the process. */
function sendFlags(options: SendOptions): number {
  const {
    confirm = false,
    dontRoute = false,
    endOfRecord = false,
    urgent = false,
    fastOpen = false,
  } = options
  return (
    MSG.NOSIGNAL |
    (confirm ? MSG.CONFIRM : 0) |
    (dontRoute ? MSG.DONTROUTE : 0) |
    (endOfRecord ? MSG.EOR : 0) |
    (urgent ? MSG.OOB : 0) |
    (fastOpen ? MSG.FASTOPEN : 0)
  )
}

function counted(error: unknown, completed: number): unknown {
  if (error instanceof SocketError) error.completed = completed
  return error
}
