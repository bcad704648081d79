import { EFD } from '../libc/constants/linux.ts'
import { isMissing, openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'

/** What is made ready and drained: `--source`. */
export const sourceKinds = ['eventfd', 'pipe', 'socketpair'] as const

export type SourceKind = (typeof sourceKinds)[number]

/** What a case needs. */
export interface SourceNeed {
  readonly kind: SourceKind
  readonly count: number
  /** How many bytes a signal has; an eventfd wants 8, which is the default. */
  readonly bytes?: number
  /** Each drain takes one signal, also of an eventfd. */
  readonly semaphore?: boolean
}

/** How many descriptors a source of each kind takes. */
export const descriptorsPerSource: Record<SourceKind, number> = { eventfd: 1, pipe: 2, socketpair: 2 }

/** The kind that is asked for or, where eventfds are missing or forbidden, the next best one. */
export function usableSource(libc: Libc, asked: SourceKind): SourceKind {
  if (asked !== 'eventfd') return asked
  try {
    openEventfd(libc).close()
    return asked
  } catch (error) {
    if (!isMissing(error)) throw error
    return 'pipe'
  }
}

/**
 * Descriptors that can be made ready and unready. Signals are counted, so that two that meet in one source are
 * not mistaken for one.
 */
export class Sources implements Disposable {
  readonly #libc: Libc
  readonly #kind: SourceKind
  readonly #owned: OwnedFd[] = []
  /** The descriptors to watch. */
  readonly fds: Int32Array
  readonly #signalFds: Int32Array
  /** How many signals of each were not drained yet. */
  readonly #pending: Int32Array
  readonly #bytes: number
  readonly #one = new Memory(8)
  readonly #counter = new Memory(8)
  readonly #counterWords: Uint32Array

  /** Opens the sources. Throws `SystemError`, and leaves none behind, where they cannot be had. */
  constructor(libc: Libc, { kind, count, bytes = 8, semaphore = false }: SourceNeed) {
    this.#libc = libc
    this.#kind = kind
    this.#bytes = bytes
    this.fds = new Int32Array(count)
    this.#signalFds = new Int32Array(count)
    this.#pending = new Int32Array(count)
    this.#one.view.setBigUint64(0, 1n, true)
    this.#counterWords = new Uint32Array(this.#counter.bytes.buffer)
    try {
      for (let i = 0; i < count; i++) this.#open(i, semaphore)
    } catch (error) {
      this.close()
      throw error
    }
  }

  get length(): number {
    return this.fds.length
  }

  /** All their descriptors: those to watch, and the other ends. */
  get descriptors(): readonly number[] {
    return this.#owned.map(({ fd }) => fd)
  }

  /** Makes a source ready. The call goes through `libc`, which may be one that counts or records. */
  signal(libc: Libc, index: number): void {
    const fd = this.#signalFds[index] ?? -1
    this.#pending[index]!++
    if (this.#kind === 'socketpair') libc.fn.send(fd, this.#one.address, this.#bytes, 0)
    else libc.fn.write(fd, this.#one.address, this.#bytes)
  }

  /** Takes what was signalled and returns how often that was; 0 if there was nothing. */
  drain(libc: Libc, index: number): number {
    const fd = this.fds[index] ?? -1
    const { address } = this.#counter
    const n =
      this.#kind === 'socketpair'
        ? libc.fn.recv(fd, address, this.#bytes, 0)
        : libc.fn.read(fd, address, this.#bytes)
    if (n !== this.#bytes) return 0
    // An eventfd tells how many there were; of a pipe or a socket each read takes one.
    const signals = this.#kind === 'eventfd' ? (this.#counterWords[0] ?? 0) : 1
    this.#pending[index]! -= signals
    return signals
  }

  /** Takes everything that was signalled: a pipe gives one signal at a time. */
  clear(libc: Libc, index: number): void {
    while (this.drain(libc, index) > 0) {
      // There may be another one behind it.
    }
  }

  /** Takes whatever was signalled and not drained, so that they are as they were when they were opened. */
  clearAll(libc: Libc): void {
    for (const [index, pending] of this.#pending.entries()) if (pending !== 0) this.clear(libc, index)
  }

  close(): void {
    for (const fd of this.#owned) fd.close()
    this.#owned.length = 0
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(index: number, semaphore: boolean): void {
    const [read, write] = openEnds(this.#libc, this.#kind, semaphore)
    this.#owned.push(read)
    if (write !== read) this.#owned.push(write)
    this.fds[index] = read.fd
    this.#signalFds[index] = write.fd
  }
}

/** A source by itself: what to watch and read from, and what to write to, which an eventfd is as well. */
export function openEnds(libc: Libc, kind: SourceKind, semaphore = false): readonly [OwnedFd, OwnedFd] {
  switch (kind) {
    case 'eventfd': {
      const both = openEventfd(libc, semaphore ? EFD.SEMAPHORE : 0)
      return [both, both]
    }
    case 'pipe':
      return openPipe(libc)
    case 'socketpair':
      return openSocketpair(libc)
  }
}
