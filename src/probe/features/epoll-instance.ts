import { EPOLL_CLOEXEC, EPOLL_CTL } from '../../libc/constants/linux.ts'
import { OwnedFd } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import { sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { Misbehaviour } from './feature.ts'

const { size: EVENT_SIZE, offsets } = layouts.epoll_event

/** How many events one wait has room for. */
const CAPACITY = 4

/** One event, decoded. */
export interface EpollEvent {
  readonly mask: number
  readonly data: bigint
}

/** A bare epoll instance: each method is one system call, and no flag is added or hidden. */
export class EpollInstance implements Disposable {
  readonly #libc: Libc
  readonly #fd: OwnedFd
  readonly #change = new Memory(EVENT_SIZE)
  readonly #events = new Memory(CAPACITY * EVENT_SIZE)

  constructor(libc: Libc) {
    this.#libc = libc
    this.#fd = new OwnedFd(libc, sys(libc, 'epoll_create1', EPOLL_CLOEXEC))
  }

  get fd(): number {
    return this.#fd.fd
  }

  /** Throws `SystemError`. */
  add(fd: number, mask: number, data = 0n): void {
    this.#control(EPOLL_CTL.ADD, fd, mask, data)
  }

  /** Throws `SystemError`. */
  modify(fd: number, mask: number, data = 0n): void {
    this.#control(EPOLL_CTL.MOD, fd, mask, data)
  }

  /** The events of a wait that does not block. */
  ready(): EpollEvent[] {
    return this.readyBy((events) => sys(this.#libc, 'epoll_wait', this.fd, events, CAPACITY, 0))
  }

  /** The events of a wait by another function, which gets the array and its capacity. */
  readyBy(wait: (events: Pointer, capacity: number) => number): EpollEvent[] {
    const count = wait(this.#events.address, CAPACITY)
    if (count < 0 || count > CAPACITY) {
      throw new Misbehaviour(`a wait with room for ${CAPACITY} events returned ${count}`)
    }
    return Array.from({ length: count }, (_, i) => ({
      mask: this.#events.view.getUint32(i * EVENT_SIZE + offsets.events, true),
      data: this.#events.view.getBigUint64(i * EVENT_SIZE + offsets.data, true),
    }))
  }

  [Symbol.dispose](): void {
    this.#fd.close()
  }

  #control(op: number, fd: number, mask: number, data: bigint): void {
    const { view, address } = this.#change
    view.setUint32(offsets.events, mask >>> 0, true)
    view.setBigUint64(offsets.data, data, true)
    sys(this.#libc, 'epoll_ctl', this.fd, op, fd, address)
  }
}
