/**
 * Random programs, as data, and how one is played on any Libc: the machine's, or a world in user space. What each
 * operation gave is a line of text, so that two machines are compared by comparing lines.
 */
import { join } from 'node:path'
import {
  AF,
  EFD,
  EPOLL_CLOEXEC,
  EPOLL_CTL,
  F,
  MSG,
  O,
  O_DIRECT,
  SHUT,
  SO,
  SOCK,
  SOL_SOCKET,
} from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { formatMask } from '../masks.ts'

/**
 * A descriptor, by the name that an operation has given it. It keeps its number when it is closed, and so does what it
 * is said to be: who uses it then may be talking of another one that has the number by now.
 */
export type Name = string

export type Operation =
  | { readonly op: 'pipe'; readonly read: Name; readonly write: Name; readonly packets: boolean }
  | { readonly op: 'socketpair'; readonly a: Name; readonly b: Name; readonly type: keyof typeof socketTypes }
  | { readonly op: 'eventfd'; readonly as: Name; readonly initial: number; readonly semaphore: boolean }
  | { readonly op: 'epoll'; readonly as: Name }
  /** Opens the program's FIFO. */
  | { readonly op: 'fifo'; readonly as: Name; readonly mode: keyof typeof fifoModes }
  | { readonly op: 'write' | 'read' | 'peek'; readonly fd: Name; readonly bytes: number }
  /** SO_SNDBUF. */
  | { readonly op: 'send-buffer'; readonly fd: Name; readonly bytes: number }
  | { readonly op: 'shutdown'; readonly fd: Name; readonly how: keyof typeof SHUT }
  | { readonly op: 'close'; readonly fd: Name }
  | { readonly op: 'dup'; readonly fd: Name; readonly as: Name }
  | { readonly op: 'dup2'; readonly fd: Name; readonly to: Name }
  | { readonly op: 'resize'; readonly fd: Name; readonly bytes: number }
  | { readonly op: 'error'; readonly fd: Name }
  | {
      readonly op: 'ctl'
      readonly ep: Name
      readonly command: keyof typeof EPOLL_CTL
      readonly fd: Name
      readonly events: number
    }
  | { readonly op: 'wait'; readonly ep: Name; readonly max: number }
  /** The readiness of a descriptor, by poll. */
  | { readonly op: 'poll'; readonly fd: Name; readonly events: number }

const fifoModes = { read: O.RDONLY, write: O.WRONLY, both: O.RDWR } as const
const socketTypes = { stream: SOCK.STREAM, dgram: SOCK.DGRAM, seqpacket: SOCK.SEQPACKET } as const

/** The lowest number of programs. Far above those that a process has anyway, so that no free one is in the way. */
const FIRST = 500

const MOST_EVENTS = 16
const MOST_BYTES = 300_000
const EVENT = layouts.epoll_event
const POLLFD = layouts.pollfd

/** Plays programs on one Libc, one after another. */
export class Player {
  readonly #libc: Libc
  readonly #bytes = new Memory(MOST_BYTES)
  readonly #event = new Memory(EVENT.size)
  readonly #events = new Memory(MOST_EVENTS * EVENT.size)
  readonly #small = new Memory(16)
  readonly #open = new Set<number>()
  readonly #numbers = new Map<Name, number>()

  readonly #directory: string
  #hasFifo = false

  /** `directory`: where the FIFO of a program may be. */
  constructor(libc: Libc, directory: string) {
    this.#libc = libc
    this.#directory = directory
  }

  /** What each operation of a program gave. Afterwards nothing is open. */
  play(program: readonly Operation[]): string[] {
    try {
      return program.map((operation, i) => this.#perform(operation, i))
    } finally {
      for (const fd of this.#open) this.#libc.fn.close(fd)
      this.#open.clear()
      this.#numbers.clear()
      if (this.#hasFifo) this.#libc.fn.unlink(this.#fifo())
      this.#hasFifo = false
    }
  }

  #perform(operation: Operation, index: number): string {
    const { fn } = this.#libc
    const small = this.#small
    switch (operation.op) {
      case 'pipe': {
        const flags = O.NONBLOCK | (operation.packets ? O_DIRECT : 0)
        return this.#placePair(fn.pipe2(small.address, flags), operation.read, operation.write)
      }
      case 'socketpair': {
        const type = socketTypes[operation.type] | SOCK.NONBLOCK
        return this.#placePair(fn.socketpair(AF.UNIX, type, 0, small.address), operation.a, operation.b)
      }
      case 'eventfd': {
        const flags = EFD.NONBLOCK | (operation.semaphore ? EFD.SEMAPHORE : 0)
        return this.#place(fn.eventfd(operation.initial, flags), operation.as)
      }
      case 'epoll':
        return this.#place(fn.epoll_create1(EPOLL_CLOEXEC), operation.as)
      case 'fifo':
        return this.#place(fn.open(this.#fifo(), fifoModes[operation.mode] | O.NONBLOCK, 0), operation.as)
      case 'write':
        // What is written to an eventfd is the number of bytes that others are written.
        this.#bytes.view.setBigUint64(0, BigInt(operation.bytes), true)
        return this.#result(fn.write(this.#numberOf(operation.fd), this.#bytes.address, operation.bytes))
      case 'read':
        return this.#result(fn.read(this.#numberOf(operation.fd), this.#bytes.address, operation.bytes))
      case 'peek':
        return this.#result(
          fn.recv(this.#numberOf(operation.fd), this.#bytes.address, operation.bytes, MSG.PEEK),
        )
      case 'send-buffer':
        small.view.setInt32(0, operation.bytes, true)
        return this.#result(
          fn.setsockopt(this.#numberOf(operation.fd), SOL_SOCKET, SO.SNDBUF, small.address, 4),
        )
      case 'shutdown':
        return this.#result(fn.shutdown(this.#numberOf(operation.fd), SHUT[operation.how]))
      case 'close':
        this.#open.delete(this.#numberOf(operation.fd))
        return this.#result(fn.close(this.#numberOf(operation.fd)))
      case 'dup':
        return this.#place(fn.dup(this.#numberOf(operation.fd)), operation.as)
      case 'dup2':
        return this.#keep(fn.dup2(this.#numberOf(operation.fd), this.#numberOf(operation.to)), operation.to)
      case 'resize':
        return this.#result(fn.fcntl(this.#numberOf(operation.fd), F.SETPIPE_SZ, operation.bytes))
      case 'error':
        small.view.setInt32(8, 4, true)
        return this.#valueOf(
          fn.getsockopt(this.#numberOf(operation.fd), SOL_SOCKET, SO.ERROR, small.address, small.at(8)),
        )
      case 'ctl':
        this.#event.view.setUint32(EVENT.offsets.events, operation.events, true)
        this.#event.view.setBigUint64(EVENT.offsets.data, dataOf(index), true)
        return this.#result(
          fn.epoll_ctl(
            this.#numberOf(operation.ep),
            EPOLL_CTL[operation.command],
            this.#numberOf(operation.fd),
            this.#event.address,
          ),
        )
      case 'wait':
        this.#events.bytes.fill(UNTOUCHED)
        return this.#waitText(
          fn.epoll_wait(this.#numberOf(operation.ep), this.#events.address, operation.max, 0),
        )
      case 'poll':
        small.view.setInt32(POLLFD.offsets.fd, this.#numberOf(operation.fd), true)
        small.view.setInt16(POLLFD.offsets.events, operation.events, true)
        small.view.setInt16(POLLFD.offsets.revents, 0, true)
        return this.#pollText(fn.poll(small.address, 1, 0))
    }
  }

  /** The path of the program's FIFO, which is made when it is used first. */
  #fifo(): string {
    const path = join(this.#directory, 'fifo')
    if (!this.#hasFifo) sys(this.#libc, 'mkfifo', path, 0o600)
    this.#hasFifo = true
    return path
  }

  #result(result: number): string {
    return result === -1 ? errnoName(this.#libc.errno()) : String(result)
  }

  #valueOf(result: number): string {
    return result === -1 ? this.#result(result) : `0, ${this.#small.view.getInt32(0, true)}`
  }

  #waitText(count: number): string {
    if (count <= 0) return this.#result(count)
    const { view } = this.#events
    const events = Array.from({ length: Math.min(count, MOST_EVENTS) }, (_, i) => {
      const data = view.getBigUint64(i * EVENT.size + EVENT.offsets.data, true)
      const mask = formatMask(view.getUint32(i * EVENT.size + EVENT.offsets.events, true))
      return `${indexOf(data) ?? `0x${data.toString(16)}`}: ${mask}`
    })
    const behind = this.#events.bytes.subarray(count * EVENT.size).some((byte) => byte !== UNTOUCHED)
    return `${count}, ${events.join('; ')}${behind ? ', and wrote behind them' : ''}`
  }

  #pollText(count: number): string {
    if (count === -1) return this.#result(count)
    return `${count}, ${formatMask(this.#small.view.getUint16(POLLFD.offsets.revents, true))}`
  }

  /** Moves a new descriptor to where programs have theirs. Which number it gets there is the same everywhere. */
  #place(fd: number, name: Name): string {
    if (fd === -1) return this.#result(fd)
    const moved = this.#libc.fn.fcntl(fd, F.DUPFD_CLOEXEC, FIRST)
    this.#libc.fn.close(fd)
    return this.#keep(moved, name)
  }

  #placePair(result: number, first: Name, second: Name): string {
    if (result === -1) return this.#result(result)
    const { view } = this.#small
    const [a, b] = [view.getInt32(0, true), view.getInt32(4, true)]
    return `${this.#place(a, first)}, ${this.#place(b, second)}`
  }

  #keep(fd: number, name: Name): string {
    if (fd === -1) return this.#result(fd)
    this.#open.add(fd)
    this.#numbers.set(name, fd)
    return `${name} is ${fd}`
  }

  /** The number behind a name; one that nobody has where an operation that would have given it was left out. */
  #numberOf(name: Name): number {
    return this.#numbers.get(name) ?? -1
  }
}

/** What is written where an event has no business. */
const UNTOUCHED = 0xa5

/** The data of what an operation registers: all 64 bits of them matter. */
const dataOf = (index: number): bigint => (0xdead_beef_cafe_ba00n + BigInt(index)) ^ (BigInt(index) << 56n)

/** The operation that registered some data; undefined where none has. */
function indexOf(data: bigint): number | undefined {
  const index = Number(data & 0xffn)
  return dataOf(index) === data ? index : undefined
}

/** The first operation of a program that did not give the same, and what it gave here and there. */
export function firstDifference(
  program: readonly Operation[],
  here: readonly string[],
  there: readonly string[],
): { readonly index: number; readonly here: string; readonly there: string } | undefined {
  const index = program.findIndex((_, i) => here[i] !== there[i])
  return index === -1 ? undefined : { index, here: here[index] ?? '', there: there[index] ?? '' }
}
