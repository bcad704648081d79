/** The descriptors, the memory and the time of a userspace world. */
import { constants as osConstants } from 'node:os'
import { FOREVER_NS, VirtualClock } from './clock.ts'
import type { OpenFile } from './files/open-file.ts'
import type { Pipe } from './files/pipe.ts'
import { UserMemory } from './user-memory.ts'

const { EBADF, EDEADLK, EINVAL, EMFILE } = osConstants.errno

/** The lowest number that is given: those below are taken by what a process is born with. */
const FIRST_FD = 3

/** The hard limit: as many as Linux allows root. */
export const MOST_DESCRIPTORS = 1024 * 1024

/** A descriptor: the open file that it stands for, and what belongs to the number alone. */
interface Descriptor {
  readonly file: OpenFile
  closeOnExec: boolean
}

export class Kernel {
  readonly clock = new VirtualClock()
  readonly memory = new UserMemory()
  /** FIFOs by their paths. */
  readonly fifos = new Map<string, Pipe>()
  readonly #descriptors: (Descriptor | undefined)[] = []
  /** No number below this is free. */
  #lowest = FIRST_FD

  /** RLIMIT_NOFILE: what numbers must be below that are given from now on. */
  limit = MOST_DESCRIPTORS
  hardLimit = MOST_DESCRIPTORS

  /** Gives an open file the lowest free number that is at least `least`. Returns it, or the negative errno. */
  install(file: OpenFile, closeOnExec: boolean, least = FIRST_FD): number {
    let fd = Math.max(least, this.#lowest)
    while (this.#descriptors[fd] !== undefined) fd++
    if (fd >= this.limit) return -EMFILE
    if (least <= this.#lowest) this.#lowest = fd + 1
    this.#put(fd, file, closeOnExec)
    return fd
  }

  /** Two at once, as pipe and socketpair do: both get a number, or none. Returns those, or the negative errno. */
  installPair(first: OpenFile, second: OpenFile, closeOnExec: boolean): [number, number] | number {
    const one = this.install(first, closeOnExec)
    const other = one < 0 ? one : this.install(second, closeOnExec)
    if (other >= 0) return [one, other]
    if (one >= 0) this.close(one)
    return other
  }

  /** The open file behind a number. */
  file(fd: number): OpenFile | undefined {
    return this.#descriptors[fd]?.file
  }

  descriptor(fd: number): Descriptor | undefined {
    return this.#descriptors[fd]
  }

  /** The numbers that are open. */
  get openNumbers(): number[] {
    return [...this.#descriptors.keys()].filter((fd) => this.#descriptors[fd] !== undefined)
  }

  /**
   * Closes a descriptor. With the last one of an open file all of its registrations go, in whatever instances they are,
   * before the file itself ends.
   */
  close(fd: number): number {
    const file = this.file(fd)
    if (file === undefined) return -EBADF
    this.#descriptors[fd] = undefined
    if (fd < this.#lowest) this.#lowest = Math.max(FIRST_FD, fd)
    this.letGo(file)
    return 0
  }

  /** dup2 and dup3: another number for a file, in the place of what is there. */
  duplicateTo(from: number, to: number, closeOnExec: boolean): number {
    const file = this.file(from)
    if (file === undefined || to < 0 || to >= this.limit) return -EBADF
    const before = this.file(to)
    this.#put(to, file, closeOnExec)
    if (before !== undefined) this.letGo(before)
    return to
  }

  /** close_range(2). With `onExec` they are to be closed when another program begins, and not now. */
  closeRange(first: number, last: number, onExec: boolean): number {
    if (first > last) return -EINVAL
    for (const fd of this.openNumbers) {
      if (fd < first || fd > last) continue
      const descriptor = this.#descriptors[fd]
      if (onExec && descriptor !== undefined) descriptor.closeOnExec = true
      else this.close(fd)
    }
    return 0
  }

  /**
   * Makes attempts until one gives something (not 0), or the time is over; then 0. Between two attempts time passes, to
   * what happens next or to the end. Where nothing can happen any more and there is no end, -EDEADLK: who waits here is
   * the only one there is.
   */
  patiently(timeoutNs: number | null, attempt: () => number): number {
    const { clock } = this
    const endNs = timeoutNs === null || timeoutNs >= FOREVER_NS ? Infinity : clock.nowNs + timeoutNs
    for (;;) {
      const result = attempt()
      if (result !== 0 || clock.nowNs >= endNs) return result
      const nextNs = Math.min(endNs, clock.nextNs ?? Infinity)
      if (nextNs === Infinity) return -EDEADLK
      clock.advanceTo(nextNs)
    }
  }

  #put(fd: number, file: OpenFile, closeOnExec: boolean): void {
    file.references++
    // An array with holes would be a dictionary.
    while (this.#descriptors.length < fd) this.#descriptors.push(undefined)
    this.#descriptors[fd] = { file, closeOnExec }
  }

  /** Somebody holds a file no more: a descriptor, or one on its way. */
  letGo(file: OpenFile): void {
    if (--file.references > 0) return
    for (const subscription of file.watchable.watchers) subscription.state.forget(subscription)
    file.release()
  }
}
