/**
 * select(2). What it does badly, and what this file does about it:
 *
 * - An fd_set has room for descriptors below 1024, and FD_SET of a larger one writes over other memory. Such a
 *   descriptor is refused before any call, with the limit in the error.
 * - The call overwrites its sets, so it gets a copy on every wait, of those that are not empty; it examines every
 *   number below the largest.
 * - One closed descriptor makes the whole call fail with EBADF. Then poll(2) says which ones are closed; they
 *   are reported as errors, as poll reports them, beside what a call without them finds.
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
import type { Pointer } from '../libc/signatures.ts'
import { Interest, INTERRUPTED, Readiness } from './backend.ts'
import type { Availability, Backend, Capabilities, ReadinessBatch } from './backend.ts'
import { reportWake } from './registry.ts'
import { SetPoller } from './set-poller.ts'
import { Timeval } from './timeout.ts'

const SET_SIZE = layouts.fd_set.size
const WORDS = SET_SIZE / 4

/** The sets, side by side. The last one is ours, and the kernel does not see it: descriptors not open. */
const READ = 0
const WRITE = 1
const EXCEPT = 2
const CLOSED = 3
const SETS = 4

type KernelSet = typeof READ | typeof WRITE | typeof EXCEPT

const capabilities: Capabilities = {
  triggers: ['level', 'oneshot'],
  exclusive: false,
  priority: true,
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
  isPresent: (libc) => libc.has('select'),
  availability,
  open: (libc) => new SelectPoller(libc),
}

function availability(libc: Libc): Availability {
  if (!select.isPresent(libc)) return { available: false, reason: 'libc has no select' }
  // Held by a name, because its address alone does not keep it from being collected.
  const timeval = new Timeval()
  if (libc.fn.select(0, NULL, NULL, NULL, timeval.set(0)) === -1) {
    const errno = errnoName(libc.errno())
    return { available: false, reason: `select of nothing failed with ${errno}`, errno }
  }
  return { available: true }
}

class SelectPoller extends SetPoller {
  override readonly backend = select
  /** What is asked for, and what a call works on. */
  readonly #asked = new Memory(SETS * SET_SIZE)
  readonly #result = new Memory(SETS * SET_SIZE)
  readonly #askedWords = new Uint32Array(this.#asked.bytes.buffer)
  readonly #resultWords = new Uint32Array(this.#result.bytes.buffer)
  readonly #timeval = new Timeval()
  /** How many descriptors are in each of the three sets. */
  readonly #sizes: [number, number, number] = [0, 0, 0]
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
    this.#sizes[READ] += put(this.#askedWords, READ, fd, (interest & Interest.READ) !== 0)
    this.#sizes[WRITE] += put(this.#askedWords, WRITE, fd, (interest & Interest.WRITE) !== 0)
    this.#sizes[EXCEPT] += put(this.#askedWords, EXCEPT, fd, (interest & Interest.PRIORITY) !== 0)
  }

  /** The descriptors of one word of all sets together, as bits. */
  #anyOf(words: Uint32Array, word: number): number {
    return (
      (words[READ * WORDS + word] ?? 0) |
      (words[WRITE * WORDS + word] ?? 0) |
      (words[EXCEPT * WORDS + word] ?? 0) |
      (words[CLOSED * WORDS + word] ?? 0)
    )
  }

  /** Lowers nfds past empty words: at most 32 steps, however many descriptors there are. */
  #shrink(): void {
    let word = (this.#nfds - 1) >> 5
    while (word >= 0 && this.#anyOf(this.#askedWords, word) === 0) word--
    this.#nfds = word < 0 ? 0 : 32 * word + 32 - Math.clz32(this.#anyOf(this.#askedWords, word))
  }

  protected override waitFor(batch: ReadinessBatch, timeoutNs: number | null): number {
    this.#resultWords.set(this.#askedWords)
    const n = this.#call(timeoutNs)
    if (n > 0) return this.#decode(batch)
    // Where nobody is ready, nobody waits for a turn: the next scan starts afresh, the same for the same events.
    if (n === 0) this.#cursor = 0
    if (n === 0) return 0
    const error = lastError(this.libc, 'select')
    if (error.code === 'EINTR') return INTERRUPTED
    if (error.code !== 'EBADF' || !this.#setClosedApart()) throw error
    return this.#decode(batch)
  }

  /** Waits for what the result sets ask for, and leaves in them what is ready. */
  #call(timeoutNs: number | null): number {
    return this.libc.fn.select(
      this.#nfds,
      this.#passed(READ),
      this.#passed(WRITE),
      this.#passed(EXCEPT),
      timeoutNs === null ? NULL : this.#timeval.set(timeoutNs),
    )
  }

  /** A set for the kernel to work on. It would copy an empty one in and out all the same, so that is not passed. */
  #passed(set: KernelSet): Pointer {
    return this.#sizes[set] === 0 ? NULL : this.#result.at(set * SET_SIZE)
  }

  /**
   * After EBADF: moves the closed descriptors to the set of their own, and asks again for the others, without
   * waiting. Whether there are closed ones.
   */
  #setClosedApart(): boolean {
    const closed = this.#closed()
    const words = this.#resultWords
    words.set(this.#askedWords)
    for (const fd of closed) {
      for (const set of [READ, WRITE, EXCEPT]) put(words, set, fd, false)
    }
    if (this.#call(0) <= 0) words.fill(0)
    for (const fd of closed) put(words, CLOSED, fd, true)
    return closed.length > 0
  }

  /** The descriptors in the sets that are not open: poll(2) knows. */
  #closed(): number[] {
    const { size, offsets } = layouts.pollfd
    const watched = Array.from({ length: this.#nfds }, (_, fd) => fd).filter(
      (fd) => (this.#anyOf(this.#askedWords, fd >> 5) & (1 << (fd & 31))) !== 0,
    )
    const entries = new Memory(watched.length * size)
    for (const [index, fd] of watched.entries()) entries.view.setInt32(index * size + offsets.fd, fd, true)
    this.libc.fn.poll(entries.address, watched.length, 0)
    return watched.filter(
      (_, index) => (entries.view.getInt16(index * size + offsets.revents, true) & POLL.NVAL) !== 0,
    )
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
      (((words[READ * WORDS + word] ?? 0) & bit) !== 0 ? Readiness.READABLE : 0) |
      (((words[WRITE * WORDS + word] ?? 0) & bit) !== 0 ? Readiness.WRITABLE : 0) |
      (((words[EXCEPT * WORDS + word] ?? 0) & bit) !== 0 ? Readiness.PRIORITY : 0) |
      (((words[CLOSED * WORDS + word] ?? 0) & bit) !== 0 ? Readiness.ERROR : 0)
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

  protected override release(): void {
    this.#askedWords.fill(0)
    this.#sizes.fill(0)
    this.#nfds = 0
  }
}

/** Puts a descriptor into the set of that number, or takes it out. Returns by how much that made the set grow. */
function put(words: Uint32Array, set: number, fd: number, on: boolean): number {
  const word = set * WORDS + (fd >> 5)
  const bit = 1 << (fd & 31)
  const old = words[word] ?? 0
  words[word] = on ? old | bit : old & ~bit
  return Number(on) - Number((old & bit) !== 0)
}
