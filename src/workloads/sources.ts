import { openSignal } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'

/**
 * Descriptors that can be made ready and unready: an eventfd each, or a pipe where there are no eventfds.
 * Signals are counted, so that two that meet in one source are not mistaken for one.
 */
export class Sources implements Disposable {
  readonly #libc: Libc
  readonly #owned: OwnedFd[] = []
  /** The descriptors to watch. */
  readonly fds: Int32Array
  readonly #signalFds: Int32Array
  readonly #one = new Memory(8)
  readonly #counter = new Memory(8)
  readonly #counterWords: Uint32Array

  /** Opens `count` sources. Throws `SystemError`, and leaves none behind, where they cannot be had. */
  constructor(libc: Libc, count: number) {
    this.#libc = libc
    this.fds = new Int32Array(count)
    this.#signalFds = new Int32Array(count)
    this.#one.view.setBigUint64(0, 1n, true)
    this.#counterWords = new Uint32Array(this.#counter.bytes.buffer)
    try {
      for (let i = 0; i < count; i++) this.#open(i)
    } catch (error) {
      this.close()
      throw error
    }
  }

  get length(): number {
    return this.fds.length
  }

  /** Makes a source ready. The call goes through `libc`, which may be one that counts or records. */
  signal(libc: Libc, index: number): void {
    libc.fn.write(this.#signalFds[index] ?? -1, this.#one.address, 8)
  }

  /** Takes what was signalled and returns how often that was; 0 if there was nothing. */
  drain(libc: Libc, index: number): number {
    const n = libc.fn.read(this.fds[index] ?? -1, this.#counter.address, 8)
    // Eight bytes are a counter, or one signal of a pipe, which wrote the same number.
    return n === 8 ? (this.#counterWords[0] ?? 0) : 0
  }

  /** Takes everything that was signalled: a pipe gives one signal at a time. */
  clear(libc: Libc, index: number): void {
    while (this.drain(libc, index) > 0) {
      // There may be another one behind it.
    }
  }

  close(): void {
    for (const fd of this.#owned) fd.close()
    this.#owned.length = 0
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(index: number): void {
    const [read, write] = openSignal(this.#libc)
    this.#owned.push(read)
    if (write !== read) this.#owned.push(write)
    this.fds[index] = read.fd
    this.#signalFds[index] = write.fd
  }
}
