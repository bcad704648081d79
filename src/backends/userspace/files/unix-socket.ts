/**
 * unix(7) sockets that are connected to each other, as socketpair(2) makes them. What they share is here; how a stream
 * and how datagrams are read and written is in `stream.ts` and `datagram.ts`.
 */
import { constants as osConstants } from 'node:os'
import { EPOLL, MSG, O, SHUT } from '../../../libc/constants/linux.ts'
import { INVALID, OpenFile } from './open-file.ts'
import type { Bytes } from './open-file.ts'
import type { Rights } from './rights.ts'
import { DEFAULT_SEND_BUFFER, LARGEST_SEND_BUFFER, SMALLEST_SEND_BUFFER } from './socket-memory.ts'

const { EOPNOTSUPP } = osConstants.errno

/** What was sent, with what it costs the sender until it is received. */
export interface Message {
  readonly bytes: Uint8Array
  start: number
  readonly cost: number
  readonly sender: UnixSocket
  /** Descriptors that came with it; undefined where there are none, or they were received. */
  rights: Rights | undefined
}

/** What there is to say of something that was received, besides how much it was. */
export interface Receipt {
  /** Descriptors that came with it. */
  rights?: Rights
  /** It was a message of which not all was taken. */
  truncated?: boolean
}

const RECEIVE = 1
const SEND = 2
const BOTH = RECEIVE | SEND

/** What a socket tells of data and of room. A change of its state may concern anything, and everybody. */
const DATA = EPOLL.IN | EPOLL.PRI | EPOLL.RDNORM | EPOLL.RDBAND
const ROOM = EPOLL.OUT | EPOLL.WRNORM | EPOLL.WRBAND

export abstract class UnixSocket extends OpenFile {
  readonly accessMode = O.RDWR
  protected peer: UnixSocket | undefined
  protected readonly received: Message[] = []
  /** What this has sent and nobody has received, with all that it costs. */
  protected outstanding = 0
  protected sendBuffer = DEFAULT_SEND_BUFFER
  protected closed = false
  #shut = 0
  /** The errno that the next call is to fail with, once. */
  #error = 0

  /** Has a connection, so that an end is told of what happens to the other. */
  protected abstract readonly connected: boolean
  /** `receipt` is filled in. Without one, descriptors that come along are closed. */
  abstract receive(into: Bytes, length: number, flags: number, receipt?: Receipt): number
  abstract send(from: Bytes, length: number, rights?: Rights): number

  /** Whether sending nothing sends a message. */
  get keepsEmpty(): boolean {
    return false
  }

  /** Connects two fresh sockets. */
  pairWith(peer: UnixSocket): void {
    this.peer = peer
    peer.peer = this
  }

  readiness(): number {
    let bits = 0
    if (this.#error !== 0) bits |= EPOLL.ERR
    if (this.#shut === BOTH) bits |= EPOLL.HUP
    if (this.receivesNoMore) bits |= EPOLL.RDHUP | EPOLL.IN | EPOLL.RDNORM
    if (this.received.length > 0) bits |= EPOLL.IN | EPOLL.RDNORM
    if (this.hasRoom) bits |= EPOLL.OUT | EPOLL.WRNORM | EPOLL.WRBAND
    return bits
  }

  get receivesNoMore(): boolean {
    return (this.#shut & RECEIVE) !== 0
  }

  get sendsNoMore(): boolean {
    return (this.#shut & SEND) !== 0
  }

  /** Writable is who has used no more than a quarter: `unix_writable` counts one byte that is always there. */
  protected get hasRoom(): boolean {
    return (this.outstanding + 1) * 4 <= this.sendBuffer
  }

  read(into: Bytes, length: number): number {
    // Reading nothing asks for nothing, which recv with a length of 0 does.
    return length === 0 ? 0 : this.receive(into, length, 0)
  }

  write(from: Bytes, length: number): number {
    return this.send(from, length)
  }

  /** What recv and send say to flags that are not modelled, urgent data above all; 0 where there is no such flag. */
  refuses(flags: number): number {
    return (flags & ~(MSG.PEEK | MSG.DONTWAIT | MSG.NOSIGNAL)) === 0 ? 0 : -EOPNOTSUPP
  }

  /** Takes the error that is waiting: 0, or the errno. */
  takeError(): number {
    const error = this.#error
    this.#error = 0
    return error
  }

  /** setsockopt(SO_SNDBUF). The kernel doubles what it is given. */
  setSendBuffer(bytes: number): void {
    this.sendBuffer = Math.max(SMALLEST_SEND_BUFFER, 2 * Math.min(bytes, LARGEST_SEND_BUFFER))
    this.tellOfRoom()
  }

  shutdown(how: number): number {
    const mode = how === SHUT.RD ? RECEIVE : how === SHUT.WR ? SEND : how === SHUT.RDWR ? BOTH : 0
    if (mode === 0) return INVALID
    this.#shut |= mode
    this.tellEverybody(...this.queues)
    if (!this.connected || this.peer === undefined || this.peer.closed) return 0
    this.peer.#shut |= ((mode & RECEIVE) !== 0 ? SEND : 0) | ((mode & SEND) !== 0 ? RECEIVE : 0)
    this.peer.tellEverybody(...this.peer.queues)
    return 0
  }

  release(): void {
    this.closed = true
    this.#shut = BOTH
    const { peer } = this
    if (this.connected && peer !== undefined && !peer.closed) {
      peer.#shut = BOTH
      if (this.hasUnread) peer.fail('ECONNRESET')
      peer.tellEverybody(...peer.queues)
    }
    this.discard()
  }

  /** Whether its end loses something. As for Linux: a first message without bytes is nothing (`unix_release_sock`). */
  private get hasUnread(): boolean {
    const [first] = this.received
    return this.received.length > (first?.bytes.length === 0 ? 1 : 0)
  }

  protected fail(error: 'ECONNRESET'): void {
    this.#error = osConstants.errno[error]
  }

  /** Puts a message before the other end. */
  protected deliver(to: UnixSocket, bytes: Uint8Array, cost: number, rights: Rights | undefined): void {
    this.outstanding += cost
    to.received.push({ bytes, start: 0, cost, sender: this, rights })
    to.tell(DATA, ...to.queues)
  }

  /** A message was received to its end: its sender has room again. */
  protected finish(message: Message): void {
    const { sender } = message
    this.passRights(message, undefined)
    sender.outstanding -= message.cost
    if (!sender.closed) sender.tellOfRoom()
  }

  /** Hands on the descriptors that came with a message. Returns whether there were any. */
  protected passRights(message: Message, receipt: Receipt | undefined): boolean {
    const { rights } = message
    if (rights === undefined) return false
    message.rights = undefined
    if (receipt === undefined) rights.end()
    else receipt.rights = rights
    return true
  }

  /** Throws away what was received and not read. */
  protected discard(): void {
    for (const message of this.received.splice(0)) this.finish(message)
  }

  /** What is refused only when there is a buffer for it gives that back, and so has room: an edge for who watches. */
  protected refused(error: number): number {
    this.tellOfRoom()
    return -error
  }

  protected tellOfRoom(): void {
    if (this.hasRoom) this.tell(ROOM, ...this.queues)
  }
}
