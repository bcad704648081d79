/**
 * pipe(7), as fs/pipe.c keeps it: a ring of slots of a page each. A pipe is full when no slot is free, however little is
 * in them, and a small write goes into the last slot if it fits there whole.
 */
import { constants as osConstants } from 'node:os'
import { EPOLL, O } from '../../../libc/constants/linux.ts'
import { WaitQueue } from '../machine/wait-queue.ts'
import { INVALID, OpenFile } from './open-file.ts'
import type { Bytes } from './open-file.ts'

const { EAGAIN, EBADF, EBUSY, EFAULT, EPIPE } = osConstants.errno

export const PAGE = 4096
const DEFAULT_SLOTS = 16
/** /proc/sys/fs/pipe-max-size, as it is unless somebody changes it. */
const MOST_BYTES = 1024 * 1024

interface Slot {
  readonly bytes: Uint8Array
  start: number
  end: number
  /** It was written in packet mode: what is read of it at once is all that ever is. */
  readonly packet: boolean
  /** What is written next may be added to it. */
  readonly merges: boolean
}

/** What two ends share. */
export class Pipe {
  readonly forReaders = new WaitQueue()
  readonly forWriters = new WaitQueue()
  readonly slots: Slot[] = []
  capacity = DEFAULT_SLOTS
  readers = 0
  writers = 0
  /** How many writers there have ever been: a FIFO's reader has no hang-up before the first. */
  writersEver = 0

  get isFull(): boolean {
    return this.slots.length >= this.capacity
  }

  get byteCount(): number {
    return this.slots.reduce((sum, { start, end }) => sum + end - start, 0)
  }
}

/** An end of a pipe or of a FIFO, or both ends in one. */
export class PipeEnd extends OpenFile {
  readonly accessMode: number
  readonly pipe: Pipe
  readonly reads: boolean
  readonly writes: boolean
  readonly #packets: boolean
  /** How many writers there had been when a FIFO was opened for reading. */
  readonly #writersBefore: number

  constructor(
    pipe: Pipe,
    accessMode: number,
    nonblocking: boolean,
    { packets = false, fifo = false }: { readonly packets?: boolean; readonly fifo?: boolean } = {},
  ) {
    const reads = accessMode !== O.WRONLY
    const writes = accessMode !== O.RDONLY
    super(nonblocking, [...(reads ? [pipe.forReaders] : []), ...(writes ? [pipe.forWriters] : [])])
    this.accessMode = accessMode
    this.pipe = pipe
    this.reads = reads
    this.writes = writes
    this.#packets = packets
    // Of a pipe that is no FIFO there has been a writer, from the beginning.
    this.#writersBefore = fifo && pipe.writers === 0 ? pipe.writersEver : -1
    if (reads) pipe.readers++
    if (writes) {
      pipe.writers++
      pipe.writersEver++
    }
    const isFirst = (reads && pipe.readers === 1) || (writes && pipe.writers === 1)
    if (fifo && isFirst) this.tellEverybody(pipe.forReaders)
  }

  readiness(): number {
    const { pipe } = this
    let bits = 0
    if (this.reads) {
      if (pipe.slots.length > 0) bits |= EPOLL.IN | EPOLL.RDNORM
      if (pipe.writers === 0 && pipe.writersEver !== this.#writersBefore) bits |= EPOLL.HUP
    }
    if (this.writes) {
      if (!pipe.isFull) bits |= EPOLL.OUT | EPOLL.WRNORM
      if (pipe.readers === 0) bits |= EPOLL.ERR
    }
    return bits
  }

  read(into: Bytes, length: number): number {
    if (!this.reads) return -EBADF
    if (length === 0) return 0
    const { pipe } = this
    const wasFull = pipe.isFull
    let done = 0
    for (let slot = pipe.slots[0]; slot !== undefined && done < length; slot = pipe.slots[0]) {
      if (into === undefined) return -EFAULT
      const part = Math.min(slot.end - slot.start, length - done)
      into.set(slot.bytes.subarray(slot.start, slot.start + part), done)
      slot.start += part
      done += part
      if (slot.start < slot.end && !slot.packet) break
      pipe.slots.shift()
      if (slot.packet) break
    }
    if (wasFull && !pipe.isFull) this.tell(EPOLL.OUT | EPOLL.WRNORM, pipe.forWriters)
    if (done > 0 || pipe.writers === 0) return done
    return -EAGAIN
  }

  write(from: Bytes, length: number): number {
    if (!this.writes) return -EBADF
    if (length === 0) return 0
    const { pipe } = this
    if (pipe.readers === 0) return -EPIPE
    if (from === undefined) return pipe.isFull ? -EAGAIN : -EFAULT
    let done = this.#addToLast(from, length)
    while (done < length && !pipe.isFull) {
      const part = Math.min(PAGE, length - done)
      const bytes = new Uint8Array(PAGE)
      bytes.set(from.subarray(done, done + part))
      pipe.slots.push({ bytes, start: 0, end: part, packet: this.#packets, merges: !this.#packets })
      done += part
    }
    // Also where nothing fitted: who watches for edges hears of the attempt.
    this.tell(EPOLL.IN | EPOLL.RDNORM, pipe.forReaders)
    return done === 0 ? -EAGAIN : done
  }

  /** Adds what is more than whole pages to the last slot, if it has room for all of that. */
  #addToLast(from: Uint8Array, length: number): number {
    const odd = length % PAGE
    const last = this.pipe.slots.at(-1)
    if (odd === 0 || last === undefined || !last.merges || last.end + odd > PAGE) return 0
    last.bytes.set(from.subarray(0, odd), last.end)
    last.end += odd
    return odd
  }

  override readable(): number {
    return this.pipe.byteCount
  }

  /** fcntl(F_GETPIPE_SZ), in bytes. */
  get size(): number {
    return this.pipe.capacity * PAGE
  }

  /** fcntl(F_SETPIPE_SZ): the size that it has then, or the negative errno. */
  resize(bytes: number): number {
    if (bytes < 0 || bytes > 2 ** 31) return INVALID
    if (bytes > MOST_BYTES) return -osConstants.errno.EPERM
    const slots = 2 ** Math.ceil(Math.log2(Math.max(1, Math.ceil(bytes / PAGE))))
    if (slots < this.pipe.slots.length) return -EBUSY
    this.pipe.capacity = slots
    // The kernel tells the writers that anything may have changed, whether they have more room now or not.
    this.tell(0, this.pipe.forWriters)
    return this.size
  }

  release(): void {
    const { pipe } = this
    if (this.reads) pipe.readers--
    if (this.writes) pipe.writers--
    if ((pipe.readers === 0) !== (pipe.writers === 0)) this.tellEverybody(pipe.forReaders, pipe.forWriters)
  }
}
