/** memfd_create(2): a file in memory. It is always ready, which epoll refuses to watch (EPERM). */
import { constants as osConstants } from 'node:os'
import { EPOLL, O } from '../../../libc/constants/linux.ts'
import { OpenFile } from './open-file.ts'
import type { Bytes } from './open-file.ts'

const { EFAULT } = osConstants.errno

/** What poll says of files that have nothing to say about it (DEFAULT_POLLMASK). */
const ALWAYS_READY = EPOLL.IN | EPOLL.OUT | EPOLL.RDNORM | EPOLL.WRNORM

export class MemoryFile extends OpenFile {
  readonly accessMode = O.RDWR
  override readonly pollable = false
  #contents = new Uint8Array(0)
  #position = 0

  constructor() {
    super(false)
  }

  readiness(): number {
    return ALWAYS_READY
  }

  read(into: Bytes, length: number): number {
    const done = this.readAt(this.#position, into, length)
    if (done > 0) this.#position += done
    return done
  }

  /** pread(2). */
  readAt(position: number, into: Bytes, length: number): number {
    const part = this.#contents.subarray(position, position + length)
    if (part.length === 0) return 0
    if (into === undefined) return -EFAULT
    into.set(part)
    return part.length
  }

  write(from: Bytes, length: number): number {
    if (length === 0) return 0
    if (from === undefined) return -EFAULT
    const contents = new Uint8Array(Math.max(this.#contents.length, this.#position + length))
    contents.set(this.#contents)
    contents.set(from.subarray(0, length), this.#position)
    this.#contents = contents
    this.#position += length
    return length
  }

  override readable(): number {
    return Math.max(0, this.#contents.length - this.#position)
  }

  release(): void {}
}
