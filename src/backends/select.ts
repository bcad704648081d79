/**
 * select(2). What it does badly, and what this file does about it:
 *
 * - An fd_set has room for descriptors below 1024, and FD_SET of a larger one writes over other memory. Such a
 *   descriptor is refused before any call, with the limit in the error.
 * - The call overwrites its sets, so it gets a copy on every wait; it examines every number below the largest.
 * - One closed descriptor makes the whole call fail with EBADF. Then poll(2) says which ones are invalid, and
 *   these are reported as errors, as poll reports them.
 * - It does not tell a hang-up or an error from readability. The `hangup` capability is false, and the
 *   EventLoop asks poll(2) about those descriptors that select reported.
 * - It knows no oneshot: a descriptor that was reported is taken out of the sets.
 */
import { UnsupportedError } from '../errors.ts'
import { FD_SETSIZE, POLL } from '../libc/constants/linux.ts'
import { layouts } from '../libc/layouts.ts'
import { errnoName, lastError } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { NULL } from '../libc/signatures.ts'
import { Interest, INTERRUPTED, Readiness } from './backend.ts'
import type { Availability, Backend, Capabilities, ReadinessBatch } from './backend.ts'
import { reportWake } from './registry.ts'
import { SetPoller } from './set-poller.ts'
import { Timeval } from './timeout.ts'

const SET_SIZE = layouts.fd_set.size
const WORDS = SET_SIZE / 4

const capabilities: Capabilities = {
  triggers: ['level', 'oneshot'],
  exclusive: false,
  hangup: false,
  byteCounts: 'asked',
  tokenPer: 'fd',
  userEvents: false,
  timers: false,
  timeoutResolutionNs: 1000,
  largestFd: FD_SETSIZE - 1,
}

export const select: Backend = {
  name: 'select',
  capabilities,
  availability,
  open: (libc) => new SelectPoller(libc),
}

function availability(libc: Libc): Availability {
  if (!libc.has('select')) return { available: false, reason: 'libc has no select' }
  if (libc.fn.select(0, NULL, NULL, NULL, new Timeval().set(0)) === -1) {
    const errno = errnoName(libc.errno())
    return { available: false, reason: `select of nothing failed with ${errno}`, errno }
  }
  return { available: true }
}

class SelectPoller extends SetPoller {
  override readonly backend = select
  /** Three fd_sets side by side, read, write and except: what is asked for, and what a call works on. */
  readonly #asked = new Memory(3 * SET_SIZE)
  readonly #result = new Memory(3 * SET_SIZE)
  readonly #askedWords = new Uint32Array(this.#asked.bytes.buffer)
  readonly #resultWords = new Uint32Array(this.#result.bytes.buffer)
  readonly #timeval = new Timeval()
  /** One more than the largest descriptor in the sets. */
  #nfds = 0
  /** The word where the next scan for reported descriptors starts. */
  #cursor = 0

  protected override insert(fd: number, interest: number): void {
    if (fd >= FD_SETSIZE) {
      throw new UnsupportedError(
        `select with fd ${fd}`,
        `an fd_set has room for descriptors below ${FD_SETSIZE} only; use epoll or poll`,
      )
    }
    this.#set(fd, interest)
    this.#nfds = Math.max(this.#nfds, fd + 1)
  }

  protected override update(fd: number, interest: number): void {
    this.#set(fd, interest)
    this.#nfds = Math.max(this.#nfds, fd + 1)
  }

  protected override disarm(fd: number): void {
    this.#set(fd, 0)
    this.#shrink()
  }

  protected override erase(fd: number): void {
    this.#set(fd, 0)
    this.#shrink()
  }

  protected override attachWaker(fd: number): void {
    this.insert(fd, Interest.READ)
  }

  #set(fd: number, interest: number): void {
    const word = fd >> 5
    const bit = 1 << (fd & 31)
    this.#put(word, bit, (interest & Interest.READ) !== 0)
    this.#put(WORDS + word, bit, (interest & Interest.WRITE) !== 0)
    this.#put(2 * WORDS + word, bit, (interest & Interest.PRIORITY) !== 0)
  }

  #put(word: number, bit: number, on: boolean): void {
    const old = this.#askedWords[word] ?? 0
    this.#askedWords[word] = on ? old | bit : old & ~bit
  }

  /** The descriptors of one word of the three sets together, as bits. */
  #anyOf(words: Uint32Array, word: number): number {
    return (words[word] ?? 0) | (words[WORDS + word] ?? 0) | (words[2 * WORDS + word] ?? 0)
  }

  /** Lowers nfds past empty words: at most 32 steps, however many descriptors there are. */
  #shrink(): void {
    let word = (this.#nfds - 1) >> 5
    while (word >= 0 && this.#anyOf(this.#askedWords, word) === 0) word--
    this.#nfds = word < 0 ? 0 : 32 * word + 32 - Math.clz32(this.#anyOf(this.#askedWords, word))
  }

  protected override waitFor(batch: ReadinessBatch, timeoutNs: number | null): number {
    this.#resultWords.set(this.#askedWords)
    const { address } = this.#result
    const n = this.libc.fn.select(
      this.#nfds,
      address,
      this.#result.at(SET_SIZE),
      this.#result.at(2 * SET_SIZE),
      timeoutNs === null ? NULL : this.#timeval.set(timeoutNs),
    )
    if (n > 0) return this.#decode(batch)
    if (n === 0) return 0
    const error = lastError(this.libc, 'select')
    if (error.code === 'EINTR') return INTERRUPTED
    const invalid = error.code === 'EBADF' ? this.#reportInvalid(batch) : 0
    if (invalid === 0) throw error
    return invalid
  }

  /**
   * Reports descriptors until the batch is full, from the cursor on and round to it again, so that with a
   * small batch none waits behind one that is always ready.
   */
  #decode(batch: ReadinessBatch): number {
    const words = (this.#nfds + 31) >> 5
    const start = this.#cursor < this.#nfds ? this.#cursor : 0
    const fromStart = -1 << (start & 31)
    let count = 0
    for (let step = 0; step <= words; step++) {
      const word = ((start >> 5) + step) % words
      const wanted = step === 0 ? fromStart : step === words ? ~fromStart : -1
      let rest = this.#anyOf(this.#resultWords, word) & wanted
      while (rest !== 0 && count < batch.capacity) {
        const bit = rest & -rest
        const fd = 32 * word + 31 - Math.clz32(bit)
        this.#report(fd, this.#flags(word, bit), batch, count++)
        this.#cursor = fd + 1
        rest &= rest - 1
      }
    }
    return count
  }

  #flags(word: number, bit: number): number {
    const words = this.#resultWords
    return (
      (((words[word] ?? 0) & bit) !== 0 ? Readiness.READABLE : 0) |
      (((words[WORDS + word] ?? 0) & bit) !== 0 ? Readiness.WRITABLE : 0) |
      (((words[2 * WORDS + word] ?? 0) & bit) !== 0 ? Readiness.PRIORITY : 0)
    )
  }

  #report(fd: number, flags: number, batch: ReadinessBatch, index: number): void {
    if (fd === this.waker?.fd) {
      this.waker.drain()
      reportWake(batch, index)
      return
    }
    this.registry.report(fd, flags, batch, index)
    this.delivered(fd)
  }

  /** Asks poll which descriptors of the sets are not open, and reports these as errors. */
  #reportInvalid(batch: ReadinessBatch): number {
    const { size, offsets } = layouts.pollfd
    const entries = new Memory(this.#nfds * size)
    for (let fd = 0; fd < this.#nfds; fd++) {
      const watched = (this.#anyOf(this.#askedWords, fd >> 5) & (1 << (fd & 31))) !== 0
      entries.view.setInt32(fd * size, watched ? fd : -1, true)
    }
    this.libc.fn.poll(entries.address, this.#nfds, 0)
    let count = 0
    for (let fd = 0; fd < this.#nfds && count < batch.capacity; fd++) {
      const revents = entries.view.getInt16(fd * size + offsets.revents, true)
      if ((revents & POLL.NVAL) !== 0) this.#report(fd, Readiness.ERROR, batch, count++)
    }
    return count
  }

  protected override release(): void {
    this.#askedWords.fill(0)
    this.#nfds = 0
  }
}
