/**
 * poll(2). What it does badly, and what this file does about it:
 *
 * - The whole set crosses into the kernel on every wait: 30 ns a descriptor, which nothing here can help.
 *   The set is one native array that lives as long as the Poller; a removal moves the last entry into the gap.
 * - It knows no oneshot: an entry that was reported is disarmed by negating its descriptor, which poll ignores.
 * - It reports every ready entry, however small the batch. The scan starts where the last one ended, so that
 *   with a small batch no entry waits behind one that is always ready.
 * - A descriptor that was closed without `remove` is reported as an error (POLLNVAL) until it is removed.
 */
import { POLL } from '../libc/constants/linux.ts'
import { layouts } from '../libc/layouts.ts'
import { errnoName, lastError, sameOrigin } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { NULL } from '../libc/signatures.ts'
import { INTERRUPTED, Readiness } from './backend.ts'
import type { Availability, Backend, Capabilities, ReadinessBatch } from './backend.ts'
import { maskOf, readinessOf } from './readiness.ts'
import { reportWake } from './registry.ts'
import { SetPoller } from './set-poller.ts'
import { isWholeMs, Timespec, timeoutMs } from './timeout.ts'

const { size: ENTRY_SIZE, offsets } = layouts.pollfd

/** An entry in words: how many 32-bit words it has, how many 16-bit ones, and which of these are the masks. */
const FD_STRIDE = ENTRY_SIZE / 4
const MASK_STRIDE = ENTRY_SIZE / 2
const EVENTS = offsets.events / 2
const REVENTS = offsets.revents / 2

const capabilities: Capabilities = {
  triggers: ['level', 'oneshot'],
  exclusive: false,
  priority: true,
  hangup: true,
  byteCounts: 'asked',
  tokenPer: 'fd',
  userEvents: false,
  timers: false,
  timeoutResolutionNs: 1,
  largestFd: undefined,
}

export const poll: Backend = {
  name: 'poll',
  capabilities,
  isPresent: (libc) => libc.has('poll'),
  availability,
  open: (libc) => new PollPoller(libc),
}

function availability(libc: Libc): Availability {
  if (!poll.isPresent(libc)) return { available: false, reason: 'libc has no poll' }
  if (libc.fn.poll(NULL, 0, 0) === -1) {
    const errno = errnoName(libc.errno())
    return { available: false, reason: `poll of nothing failed with ${errno}`, errno }
  }
  return { available: true }
}

class PollPoller extends SetPoller {
  override readonly backend = poll
  /** The `struct pollfd` array: the first `#length` entries are in use. */
  #entries = new Memory(64 * ENTRY_SIZE)
  /** The same bytes as words, because the scan after every wait is the hot path. */
  #fds = new Int32Array(this.#entries.bytes.buffer)
  #masks = new Int16Array(this.#entries.bytes.buffer)
  #length = 0
  /** Where a descriptor stands in the array. */
  readonly #indexOf = new Map<number, number>()
  readonly #timespec = new Timespec()
  #hasPpoll: boolean
  /** Where the next scan for reported entries starts. */
  #cursor = 0

  constructor(libc: Libc) {
    super(libc)
    this.#hasPpoll = sameOrigin(libc, 'poll', 'ppoll')
  }

  protected override insert(fd: number, interest: number): void {
    this.#append(fd, maskOf(interest))
  }

  protected override update(fd: number, interest: number): void {
    this.#write(this.#index(fd), fd, maskOf(interest))
  }

  protected override disarm(fd: number): void {
    this.#fds[this.#index(fd) * FD_STRIDE] = ~fd
  }

  protected override erase(fd: number): void {
    const gap = this.#index(fd)
    const last = --this.#length
    this.#indexOf.delete(fd)
    if (gap === last) return
    this.#entries.bytes.copyWithin(gap * ENTRY_SIZE, last * ENTRY_SIZE, (last + 1) * ENTRY_SIZE)
    const moved = this.#fds[gap * FD_STRIDE] ?? 0
    this.#indexOf.set(moved < 0 ? ~moved : moved, gap)
  }

  protected override attachWaker(fd: number): void {
    this.#append(fd, POLL.IN)
  }

  #index(fd: number): number {
    return this.#indexOf.get(fd) ?? 0
  }

  #append(fd: number, mask: number): void {
    if (this.#entries.bytes.length < (this.#length + 1) * ENTRY_SIZE) {
      const wider = new Memory(this.#entries.bytes.length * 2)
      wider.bytes.set(this.#entries.bytes)
      this.#entries = wider
      this.#fds = new Int32Array(wider.bytes.buffer)
      this.#masks = new Int16Array(wider.bytes.buffer)
    }
    this.#indexOf.set(fd, this.#length)
    this.#write(this.#length++, fd, mask)
  }

  #write(index: number, fd: number, mask: number): void {
    this.#fds[index * FD_STRIDE] = fd
    this.#masks[index * MASK_STRIDE + EVENTS] = mask
    this.#masks[index * MASK_STRIDE + REVENTS] = 0
  }

  protected override waitFor(batch: ReadinessBatch, timeoutNs: number | null): number {
    const n = this.#waitRaw(timeoutNs)
    if (n === -1) {
      const error = lastError(this.libc, 'poll')
      if (error.code === 'EINTR') return INTERRUPTED
      throw error
    }
    // Where nobody is ready, nobody waits for a turn: the next scan starts afresh, the same for the same events.
    if (n === 0) this.#cursor = 0
    return this.#decode(n, batch)
  }

  #waitRaw(timeoutNs: number | null): number {
    const { address } = this.#entries
    if (this.#hasPpoll && timeoutNs !== null && !isWholeMs(timeoutNs)) {
      const n = this.libc.fn.ppoll(address, this.#length, this.#timespec.set(timeoutNs), NULL)
      if (n !== -1) return n
      const code = errnoName(this.libc.errno())
      if (code !== 'ENOSYS' && code !== 'EPERM') return n
      this.#hasPpoll = false
    }
    return this.libc.fn.poll(address, this.#length, timeoutMs(timeoutNs))
  }

  /** Finds the `reported` entries that have revents, starting at the cursor, until the batch is full. */
  #decode(reported: number, batch: ReadinessBatch): number {
    const masks = this.#masks
    const length = this.#length
    const limit = Math.min(reported, batch.capacity)
    let count = 0
    let index = this.#cursor < length ? this.#cursor : 0
    for (let seen = 0; seen < length && count < limit; seen++) {
      const revents = masks[index * MASK_STRIDE + REVENTS] ?? 0
      if (revents !== 0) this.#report(this.#fds[index * FD_STRIDE] ?? -1, revents, batch, count++)
      index = index + 1 === length ? 0 : index + 1
    }
    this.#cursor = index
    return count
  }

  #report(fd: number, revents: number, batch: ReadinessBatch, index: number): void {
    if (fd === this.waker?.fd) {
      this.waker.drain()
      reportWake(batch, index)
      return
    }
    const invalid = (revents & POLL.NVAL) !== 0 ? Readiness.ERROR : 0
    this.registry.report(fd, readinessOf(revents) | invalid, batch, index)
    this.delivered(fd)
  }

  protected override release(): void {
    this.#indexOf.clear()
    this.#length = 0
  }
}
