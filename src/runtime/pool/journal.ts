import { syscallNumbers } from '../../libc/constants/syscalls.ts'
import { bytesAt } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import type { Functions, Pointer } from '../../libc/signatures.ts'

const MOST_FDS = 8
const MOST_MAPPINGS = 8
const MAP_FAILED = -1

/**
 * What a thread's poller has from the kernel, written down in shared memory: a thread that dies closes nothing, and
 * its descriptors would stay open for as long as the process lives. Written by that thread, and read when it is gone.
 *
 * A descriptor is noted right after the call that opens it, and struck out right before the one that closes it: the
 * other way round, a number could be closed that is somebody else's by then. So a thread that was ended just between the
 * two would lose it; nobody ends one that opens or closes its poller (see `Gate`).
 */
export class Journal {
  static readonly BYTES = 8 * (MOST_FDS + 2 * MOST_MAPPINGS)
  /** The number of a descriptor plus one; 0 is a place that is free. */
  readonly #fds: Float64Array
  /** Address and length of each mapping. */
  readonly #mappings: Float64Array

  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#fds = new Float64Array(memory, offset, MOST_FDS)
    this.#mappings = new Float64Array(memory, offset + 8 * MOST_FDS, 2 * MOST_MAPPINGS)
  }

  /** The same functions, of which those that open, close, map and unmap are written down. */
  over(libc: Libc): Libc {
    const { fn } = libc
    const ringSetup = syscallNumbers()?.io_uring_setup
    const opened = (fd: number): number => {
      if (fd >= 0) this.#noteFd(fd)
      return fd
    }
    const noted: Partial<Functions> = {
      epoll_create1: (flags) => opened(fn.epoll_create1(flags)),
      eventfd: (count, flags) => opened(fn.eventfd(count, flags)),
      kqueue: () => opened(fn.kqueue()),
      syscall: (number, ...args) => {
        const result = fn.syscall(number, ...args)
        return number === ringSetup ? opened(result) : result
      },
      pipe2: (address, flags) => {
        const result = fn.pipe2(address, flags)
        if (result !== 0) return result
        const pair = bytesAt(address, 8)
        for (const fd of new Int32Array(pair.buffer, pair.byteOffset, 2)) opened(fd)
        return result
      },
      mmap: (hint, length, ...rest) => {
        const address = fn.mmap(hint, length, ...rest)
        if (Number(address) !== MAP_FAILED) this.#noteMapping(Number(address), length)
        return address
      },
      munmap: (address, length) => {
        for (let i = 0; i < this.#mappings.length; i += 2) {
          if (this.#mappings[i] === Number(address)) this.#mappings[i] = 0
        }
        return fn.munmap(address, length)
      },
      close: (fd) => {
        const place = this.#fds.indexOf(fd + 1)
        if (place >= 0) this.#fds[place] = 0
        return fn.close(fd)
      },
    }
    return { ...libc, fn: { ...fn, ...noted } }
  }

  /** Gives back what a thread that is gone has left. */
  settle(libc: Libc): void {
    for (const [place, fd] of this.#fds.entries()) {
      this.#fds[place] = 0
      if (fd === 0) continue
      libc.fn.close(fd - 1)
      // It may be a kqueue of a library that closes more descriptors by and by.
      if (libc.has('libkqueue_drain_pending_close')) libc.fn.libkqueue_drain_pending_close()
    }
    for (let i = 0; i < this.#mappings.length; i += 2) {
      const address = this.#mappings[i] ?? 0
      this.#mappings[i] = 0
      if (address !== 0) libc.fn.munmap(address as Pointer, this.#mappings[i + 1] ?? 0)
    }
  }

  /** A poller has far fewer than there are places: one that finds none is simply not written down. */
  #noteFd(fd: number): void {
    const place = this.#fds.indexOf(0)
    if (place >= 0) this.#fds[place] = fd + 1
  }

  #noteMapping(address: number, length: number): void {
    for (let i = 0; i < this.#mappings.length; i += 2) {
      if (this.#mappings[i] !== 0) continue
      this.#mappings[i + 1] = length
      this.#mappings[i] = address
      return
    }
  }
}
