/**
 * epoll(7). What it does badly, and what this file does about it:
 *
 * - An entry belongs to an open file, not to a descriptor: after `close` with a duplicate alive, events go on
 *   and nobody can stop them. The data of each entry carries the descriptor and a generation, so a late event
 *   of an old registration is recognised and dropped.
 * - One entry has one mask and one data word for both directions; the EventLoop above composes them.
 * - epoll_wait counts in milliseconds. epoll_pwait2 (Linux 5.11) counts in nanoseconds, but a seccomp filter
 *   may answer ENOSYS or, in older container runtimes, EPERM: both mean that it is not there.
 * - EPOLLRDHUP must be asked for: it is armed with read interest, so that a half-close is seen.
 */
import { EPOLL, EPOLL_CLOEXEC, EPOLL_CTL } from '../libc/constants/linux.ts'
import { syscallNumbers } from '../libc/constants/syscalls.ts'
import { layouts } from '../libc/layouts.ts'
import { errnoName, lastError, sameOrigin, sys } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { NULL } from '../libc/signatures.ts'
import { INTERRUPTED } from './backend.ts'
import type { Availability, Backend, Capabilities, Poller, ReadinessBatch, Trigger } from './backend.ts'
import { PollerBase } from './poller-base.ts'
import { reportWake } from './registry.ts'
import { maskOf, readinessOf } from './readiness.ts'
import { isWholeMs, Timespec, timeoutMs } from './timeout.ts'

const { size: EVENT_SIZE, offsets } = layouts.epoll_event
const DATA_LOW = offsets.data
const DATA_HIGH = offsets.data + 4

/** The descriptor word of the waker's entry; no real descriptor is negative. */
const WAKER = -1

const triggerBits: Record<Trigger, number> = {
  level: 0,
  edge: EPOLL.ET,
  oneshot: EPOLL.ONESHOT,
  'edge-oneshot': EPOLL.ET | EPOLL.ONESHOT,
}

const capabilities: Capabilities = {
  triggers: ['level', 'edge', 'oneshot', 'edge-oneshot'],
  exclusive: true,
  priority: true,
  hangup: true,
  byteCounts: 'asked',
  tokenPer: 'fd',
  userEvents: false,
  timers: false,
  timeoutResolutionNs: 1,
  largestFd: undefined,
}

export const epoll: Backend = {
  name: 'epoll',
  capabilities,
  isPresent: (libc) => libc.has('epoll_create1'),
  availability,
  open: (libc) => openEpoll(libc, epoll),
}

/** Opens a Poller over whatever has the functions of epoll, for a backend that is epoll under another name. */
export function openEpoll(libc: Libc, backend: Backend): Poller {
  return new EpollPoller(libc, backend)
}

function availability(libc: Libc): Availability {
  if (!epoll.isPresent(libc)) return { available: false, reason: 'libc has no epoll_create1' }
  const fd = libc.fn.epoll_create1(EPOLL_CLOEXEC)
  if (fd === -1) {
    const errno = errnoName(libc.errno())
    return { available: false, reason: `epoll_create1 failed with ${errno}`, errno }
  }
  libc.fn.close(fd)
  return { available: true }
}

class EpollPoller extends PollerBase {
  override readonly backend: Backend
  readonly #epfd: number
  readonly #change = new Memory(EVENT_SIZE)
  readonly #timespec = new Timespec()
  #events = new Memory(64 * EVENT_SIZE)
  #pwait2: Pwait2 | undefined

  constructor(libc: Libc, backend: Backend) {
    super(libc)
    this.backend = backend
    this.#pwait2 = findPwait2(libc)
    this.#epfd = sys(libc, 'epoll_create1', EPOLL_CLOEXEC)
  }

  protected override attach(fd: number, interest: number, trigger: Trigger, exclusive: boolean): void {
    const mask = maskOf(interest) | triggerBits[trigger]
    // The kernel refuses EPOLLRDHUP together with EPOLLEXCLUSIVE.
    const sent = exclusive ? (mask & ~EPOLL.RDHUP) | EPOLL.EXCLUSIVE : mask
    this.#control(EPOLL_CTL.ADD, fd, sent, fd, this.registry.nextGeneration(fd))
  }

  protected override change(fd: number, interest: number, trigger: Trigger): void {
    const mask = maskOf(interest) | triggerBits[trigger]
    this.#control(EPOLL_CTL.MOD, fd, mask, fd, this.registry.nextGeneration(fd))
  }

  protected override detach(fd: number): void {
    this.#control(EPOLL_CTL.DEL, fd, 0, 0, 0)
  }

  protected override attachWaker(fd: number): void {
    this.#control(EPOLL_CTL.ADD, fd, EPOLL.IN, WAKER, 0)
  }

  #control(op: number, fd: number, mask: number, low: number, high: number): void {
    const { view, address } = this.#change
    view.setUint32(0, mask >>> 0, true)
    view.setInt32(DATA_LOW, low, true)
    view.setUint32(DATA_HIGH, high, true)
    if (this.libc.fn.epoll_ctl(this.#epfd, op, fd, address) === -1) {
      throw lastError(this.libc, 'epoll_ctl', `fd ${fd}`)
    }
  }

  protected override waitFor(batch: ReadinessBatch, timeoutNs: number | null): number {
    if (this.#events.bytes.length < batch.capacity * EVENT_SIZE) {
      this.#events = new Memory(batch.capacity * EVENT_SIZE)
    }
    const n = this.#waitRaw(batch.capacity, timeoutNs)
    if (n === -1) {
      const error = lastError(this.libc, 'epoll_wait')
      if (error.code === 'EINTR') return INTERRUPTED
      throw error
    }
    // A faulty epoll may claim to have reported more than there was room for: that is not there to be read.
    const count = this.#decode(Math.min(n, batch.capacity), batch)
    return count === 0 && n > 0 ? INTERRUPTED : count
  }

  #waitRaw(capacity: number, timeoutNs: number | null): number {
    const { address } = this.#events
    if (this.#pwait2 !== undefined && timeoutNs !== null && !isWholeMs(timeoutNs)) {
      const n = this.#pwait2(this.#epfd, address, capacity, this.#timespec.set(timeoutNs))
      if (n !== -1) return n
      const code = errnoName(this.libc.errno())
      if (code !== 'ENOSYS' && code !== 'EPERM') return n
      this.#pwait2 = undefined
    }
    return this.libc.fn.epoll_wait(this.#epfd, address, capacity, timeoutMs(timeoutNs))
  }

  /** Copies the kernel's events into the batch, and drops those of replaced registrations. */
  #decode(n: number, batch: ReadinessBatch): number {
    const { view } = this.#events
    let count = 0
    for (let i = 0; i < n; i++) {
      const at = i * EVENT_SIZE
      const fd = view.getInt32(at + DATA_LOW, true)
      if (fd === WAKER) {
        this.waker?.drain()
        reportWake(batch, count++)
        continue
      }
      if (!this.registry.has(fd) || this.registry.generation(fd) !== view.getUint32(at + DATA_HIGH, true)) {
        continue
      }
      this.registry.report(fd, readinessOf(view.getUint32(at, true)), batch, count++)
    }
    return count
  }

  protected override release(): void {
    this.libc.fn.close(this.#epfd)
  }
}

type Pwait2 = (
  epfd: number,
  events: Memory['address'],
  capacity: number,
  timespec: Memory['address'],
) => number

/**
 * epoll_pwait2, if it belongs to the same implementation as epoll_wait. A user-space epoll that has only
 * epoll_wait must not be handed to the kernel's epoll_pwait2. glibc has a wrapper since 2.35, kernels the call
 * since 5.11, so where the wrapper is missing the raw call is tried.
 */
function findPwait2(libc: Libc): Pwait2 | undefined {
  if (libc.has('epoll_pwait2')) {
    if (!sameOrigin(libc, 'epoll_wait', 'epoll_pwait2')) return undefined
    return (epfd, events, capacity, timespec) => libc.fn.epoll_pwait2(epfd, events, capacity, timespec, NULL)
  }
  const number = syscallNumbers()?.epoll_pwait2
  if (number === undefined || !sameOrigin(libc, 'epoll_wait', 'syscall')) return undefined
  return (epfd, events, capacity, timespec) =>
    libc.fn.syscall(number, epfd, events, capacity, timespec, NULL, 8)
}
