/**
 * Random programs, as data, and how one is played on any Libc: the machine's, or a world in user space. What each
 * operation gave is a line of text, so that two machines are compared by comparing lines.
 */
import {
  AF,
  EFD,
  EPOLL_CLOEXEC,
  EPOLL_CTL,
  F,
  O,
  O_DIRECT,
  SHUT,
  SO,
  SOCK,
  SOL_SOCKET,
} from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { formatMask } from '../masks.ts'

/** A descriptor, by its place: 0 is the first number that programs use. It need not be open. */
export type Place = number

export type Operation =
  | { readonly op: 'pipe'; readonly packets: boolean }
  | { readonly op: 'socketpair'; readonly type: keyof typeof socketTypes }
  | { readonly op: 'eventfd'; readonly initial: number; readonly semaphore: boolean }
  | { readonly op: 'epoll' }
  | { readonly op: 'write' | 'read'; readonly fd: Place; readonly bytes: number }
  | { readonly op: 'shutdown'; readonly fd: Place; readonly how: keyof typeof SHUT }
  | { readonly op: 'close' | 'dup'; readonly fd: Place }
  | { readonly op: 'dup2'; readonly fd: Place; readonly to: Place }
  | { readonly op: 'resize'; readonly fd: Place; readonly bytes: number }
  | { readonly op: 'error'; readonly fd: Place }
  | {
      readonly op: 'ctl'
      readonly ep: Place
      readonly command: keyof typeof EPOLL_CTL
      readonly fd: Place
      readonly events: number
    }
  | { readonly op: 'wait'; readonly ep: Place; readonly max: number }
  /** The readiness of a descriptor, by poll. */
  | { readonly op: 'poll'; readonly fd: Place; readonly events: number }

const socketTypes = { stream: SOCK.STREAM, dgram: SOCK.DGRAM, seqpacket: SOCK.SEQPACKET } as const

/** The number of place 0. Far above those that a process has anyway, so that no free number below is in the way. */
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

  constructor(libc: Libc) {
    this.#libc = libc
  }

  /** What each operation of a program gave. Afterwards nothing is open. */
  play(program: readonly Operation[]): string[] {
    try {
      return program.map((operation, i) => this.#perform(operation, i))
    } finally {
      for (const fd of this.#open) this.#libc.fn.close(fd)
      this.#open.clear()
    }
  }

  #perform(operation: Operation, index: number): string {
    const { fn } = this.#libc
    const small = this.#small
    switch (operation.op) {
      case 'pipe': {
        const flags = O.NONBLOCK | (operation.packets ? O_DIRECT : 0)
        return this.#placePair(fn.pipe2(small.address, flags))
      }
      case 'socketpair': {
        const type = socketTypes[operation.type] | SOCK.NONBLOCK
        return this.#placePair(fn.socketpair(AF.UNIX, type, 0, small.address))
      }
      case 'eventfd':
        return this.#place(
          fn.eventfd(operation.initial, EFD.NONBLOCK | (operation.semaphore ? EFD.SEMAPHORE : 0)),
        )
      case 'epoll':
        return this.#place(fn.epoll_create1(EPOLL_CLOEXEC))
      case 'write':
        // What is written to an eventfd is the number of bytes that others are written.
        this.#bytes.view.setBigUint64(0, BigInt(operation.bytes), true)
        return this.#result(fn.write(numberOf(operation.fd), this.#bytes.address, operation.bytes))
      case 'read':
        return this.#result(fn.read(numberOf(operation.fd), this.#bytes.address, operation.bytes))
      case 'shutdown':
        return this.#result(fn.shutdown(numberOf(operation.fd), SHUT[operation.how]))
      case 'close':
        this.#open.delete(numberOf(operation.fd))
        return this.#result(fn.close(numberOf(operation.fd)))
      case 'dup':
        return this.#keep(fn.fcntl(numberOf(operation.fd), F.DUPFD_CLOEXEC, FIRST))
      case 'dup2':
        return this.#keep(fn.dup2(numberOf(operation.fd), numberOf(operation.to)))
      case 'resize':
        return this.#result(fn.fcntl(numberOf(operation.fd), F.SETPIPE_SZ, operation.bytes))
      case 'error':
        small.view.setInt32(8, 4, true)
        return this.#valueOf(
          fn.getsockopt(numberOf(operation.fd), SOL_SOCKET, SO.ERROR, small.address, small.at(8)),
        )
      case 'ctl':
        this.#event.view.setUint32(EVENT.offsets.events, operation.events, true)
        this.#event.view.setBigUint64(EVENT.offsets.data, BigInt(index), true)
        return this.#result(
          fn.epoll_ctl(
            numberOf(operation.ep),
            EPOLL_CTL[operation.command],
            numberOf(operation.fd),
            this.#event.address,
          ),
        )
      case 'wait':
        return this.#waitText(fn.epoll_wait(numberOf(operation.ep), this.#events.address, operation.max, 0))
      case 'poll':
        small.view.setInt32(POLLFD.offsets.fd, numberOf(operation.fd), true)
        small.view.setInt16(POLLFD.offsets.events, operation.events, true)
        small.view.setInt16(POLLFD.offsets.revents, 0, true)
        return this.#pollText(fn.poll(small.address, 1, 0))
    }
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
    const events = Array.from({ length: count }, (_, i) => {
      const data = view.getBigUint64(i * EVENT.size + EVENT.offsets.data, true)
      return `${data}: ${formatMask(view.getUint32(i * EVENT.size + EVENT.offsets.events, true))}`
    })
    return `${count}, ${events.join('; ')}`
  }

  #pollText(count: number): string {
    if (count === -1) return this.#result(count)
    return `${count}, ${formatMask(this.#small.view.getUint16(POLLFD.offsets.revents, true))}`
  }

  /** Moves a new descriptor to where programs have theirs. Which number it gets there is the same everywhere. */
  #place(fd: number): string {
    if (fd === -1) return this.#result(fd)
    const moved = this.#libc.fn.fcntl(fd, F.DUPFD_CLOEXEC, FIRST)
    this.#libc.fn.close(fd)
    return this.#keep(moved)
  }

  #placePair(result: number): string {
    if (result === -1) return this.#result(result)
    const { view } = this.#small
    const fds = [view.getInt32(0, true), view.getInt32(4, true)]
    return fds.map((fd) => this.#place(fd)).join(' ')
  }

  #keep(fd: number): string {
    if (fd === -1) return this.#result(fd)
    this.#open.add(fd)
    return `place ${fd - FIRST}`
  }
}

const numberOf = (place: Place): number => FIRST + place

/** The first operation of a program that did not give the same, and what it gave here and there. */
export function firstDifference(
  program: readonly Operation[],
  here: readonly string[],
  there: readonly string[],
): { readonly index: number; readonly here: string; readonly there: string } | undefined {
  const index = program.findIndex((_, i) => here[i] !== there[i])
  return index === -1 ? undefined : { index, here: here[index] ?? '', there: there[index] ?? '' }
}
