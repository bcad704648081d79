/**
 * The portable facade: interest per direction over any backend, and events that look the same on all of them.
 * See `EventLoop`. What differs between backends is found here by their capabilities, never by their names.
 */
import { defaultBackend } from '../backends/index.ts'
import { Interest, INTERRUPTED, Readiness, ReadinessBatch } from '../backends/backend.ts'
import type { Backend, Poller, Token, WakeHandle } from '../backends/backend.ts'
import { tokenOf } from '../backends/registry.ts'
import { SystemError, UnsupportedError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import { Inquirer } from './inquirer.ts'

/** One normalized event. The objects are the caller's, made by `createEvents` and filled by `wait`. */
export interface LoopEvent {
  /** The descriptor; -1 for a wake. */
  fd: number
  /** The token given when the reported direction was registered; see `merge` where both may be. */
  token: bigint
  readable: boolean
  writable: boolean
  /** The peer will send no more: read what is left, then close. */
  eof: boolean
  /** The descriptor has an error pending (SO_ERROR), or is not open. */
  error: boolean
  /** A wake, not a descriptor. */
  user: boolean
  /**
   * How many bytes can be read, or null where the kernel cannot tell or the loop was told not to ask. A backend whose
   * events say it themselves (kqueue) says what its manual says: of a socket that listens, how many connections wait.
   */
  bytes: number | null
}

/** Makes `count` events for `wait` to fill. */
export function createEvents(count: number): LoopEvent[] {
  return Array.from({ length: count }, () => ({
    fd: -1,
    token: 0n,
    readable: false,
    writable: false,
    eof: false,
    error: false,
    user: false,
    bytes: null,
  }))
}

export interface EventLoopOptions {
  /** Default: the best that works here. */
  readonly backend?: Backend
  /** Ask how many bytes each readable descriptor has: one ioctl an event. Default: true. */
  readonly bytes?: boolean
  /**
   * One event per descriptor, with the token given last of those directions that have interest (default).
   * With false, a descriptor whose two directions are both ready gives an event for each, with the token of
   * that direction, as kqueue does.
   */
  readonly merge?: boolean
}

const NS_PER_MS = 1_000_000

/** The token of all registrations in the Poller: its events name their descriptors, and that is enough. */
const NO_TOKEN = 0n

/**
 * What a Poller says of a descriptor that was closed behind its back: it is not open, or its number is by now
 * that of a file that is not registered, or of one that cannot be.
 */
const GONE = ['EBADF', 'ENOENT', 'EPERM'] as const

/** Interest as bits, and the token of each direction and of the last call. */
interface Registration {
  interest: number
  read: bigint
  write: bigint
  latest: bigint
}

/**
 * An event loop in one object: any number of descriptors, each with read and write interest of its own.
 *
 * - Readiness is level-triggered. `eof` is reported for a half-close as well as for a hang-up.
 * - `addRead` and `addWrite` of a direction that has interest already replace its token.
 * - `delRead` and `delWrite` are idempotent, also for a descriptor that was closed.
 * - `wake` may be called at any time; from another thread, `wakeRemote(loop.wakeHandle())`. Wakes that come
 *   close together may be one event; none is lost.
 * - Only the thread that made a loop may use it. `close` leaves no descriptor behind.
 *
 * Errors are `SystemError`s of the backend: EBADF, EPERM for a file that epoll does not watch, and so on.
 */
export class EventLoop implements Disposable {
  readonly backend: Backend
  readonly #poller: Poller
  readonly #inquirer: Inquirer
  readonly #registrations = new Map<number, Registration>()
  readonly #askBytes: boolean
  readonly #merge: boolean
  #batch = new ReadinessBatch(64)
  #wakeToken: bigint | undefined
  /** The second half of a split event that did not fit into an array of one. */
  #carried: LoopEvent | undefined

  constructor(libc: Libc, options: EventLoopOptions = {}) {
    const backend = options.backend ?? defaultBackend(libc)
    if (backend === undefined) throw new UnsupportedError('EventLoop', 'no backend works on this machine')
    this.backend = backend
    this.#askBytes = options.bytes ?? true
    this.#merge = options.merge ?? true
    this.#inquirer = new Inquirer(libc)
    this.#poller = backend.open(libc)
  }

  addRead(fd: number, token: Token): void {
    this.#addInterest(fd, Interest.READ, tokenOf(token))
  }

  addWrite(fd: number, token: Token): void {
    this.#addInterest(fd, Interest.WRITE, tokenOf(token))
  }

  delRead(fd: number): void {
    this.#delInterest(fd, Interest.READ)
  }

  delWrite(fd: number): void {
    this.#delInterest(fd, Interest.WRITE)
  }

  /** Opens the wake channel; its events carry `token`. Calling it again replaces the token. */
  addWake(token: Token): void {
    const word = tokenOf(token)
    this.#poller.wakeHandle()
    this.#wakeToken = word
  }

  /** Makes `wait` return an event with `user`. Without a wake channel it does nothing. */
  wake(): void {
    if (this.#wakeToken !== undefined) this.#poller.wake()
  }

  /** What another thread needs for `wakeRemote`. Needs a wake channel. */
  wakeHandle(): WakeHandle {
    if (this.#wakeToken === undefined) throw new UnsupportedError('wakeHandle', 'call addWake first')
    return this.#poller.wakeHandle()
  }

  /**
   * Waits at most `timeoutMs` (a fraction is fine; negative: for ever), fills `events` from its start and
   * returns how many it filled. 0 means that the time is over, or that before its end a signal came or
   * something happened that concerns no interest.
   */
  wait(events: LoopEvent[], timeoutMs: number): number {
    const first = events[0]
    if (first === undefined) throw new RangeError('wait needs room for at least one event')
    if (this.#carried !== undefined) {
      Object.assign(first, this.#carried)
      this.#carried = undefined
      return 1
    }
    // A split makes two events of one, so a batch that may split is half as large.
    const capacity = this.#merge ? events.length : Math.max(1, events.length >> 1)
    if (this.#batch.capacity !== capacity) this.#batch = new ReadinessBatch(capacity)
    const n = this.#poller.wait(this.#batch, timeoutMs < 0 ? null : timeoutMs * NS_PER_MS)
    if (n === INTERRUPTED) return 0
    this.#inquirer.complete(this.#batch, n, this.backend.capabilities)
    return this.#normalize(n, events)
  }

  close(): void {
    this.#registrations.clear()
    this.#carried = undefined
    this.#poller.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #addInterest(fd: number, direction: number, token: bigint): void {
    const old = this.#registrations.get(fd)
    const interest = (old?.interest ?? 0) | direction
    this.#register(fd, interest, old !== undefined)
    this.#dropCarried(fd)
    if (old === undefined) {
      this.#registrations.set(fd, { interest, read: token, write: token, latest: token })
      return
    }
    old.interest = interest
    old.latest = token
    if (direction === Interest.READ) old.read = token
    else old.write = token
  }

  /**
   * Tells the Poller of all interest in a descriptor, also where that is what we know already: of a descriptor
   * that was closed and whose number was opened again the kernel knows nothing (ENOENT), and one that was closed
   * and restored from a duplicate it has never forgotten (EEXIST).
   */
  #register(fd: number, interest: number, known: boolean): void {
    try {
      if (known) this.#poller.modify(fd, interest, NO_TOKEN)
      else this.#poller.add(fd, interest, NO_TOKEN)
    } catch (error) {
      if (known && failedWith(error, 'ENOENT')) this.#poller.add(fd, interest, NO_TOKEN)
      else if (!known && failedWith(error, 'EEXIST')) this.#poller.modify(fd, interest, NO_TOKEN)
      else throw error
    }
  }

  #delInterest(fd: number, direction: number): void {
    const old = this.#registrations.get(fd)
    if (old === undefined || (old.interest & direction) === 0) return
    this.#dropCarried(fd)
    const rest = old.interest & ~direction
    if (rest === 0) {
      this.#forget(fd)
      return
    }
    try {
      this.#poller.modify(fd, rest, NO_TOKEN)
    } catch (error) {
      // Closed already, and so the other direction has gone too.
      if (!failedWith(error, ...GONE)) throw error
      this.#forget(fd)
      return
    }
    old.interest = rest
    old.latest = rest === Interest.READ ? old.read : old.write
  }

  /** Drops a descriptor. If it was closed already, the kernel may have dropped it first. */
  #forget(fd: number): void {
    this.#registrations.delete(fd)
    try {
      this.#poller.remove(fd)
    } catch (error) {
      if (!failedWith(error, ...GONE)) throw error
    }
  }

  /** What was carried over is void once the interest of its descriptor changes; if it is ready, it will be again. */
  #dropCarried(fd: number): void {
    if (this.#carried?.fd === fd) this.#carried = undefined
  }

  #normalize(n: number, events: LoopEvent[]): number {
    let count = 0
    for (let i = 0; i < n; i++) {
      const fd = this.#batch.fds[i] ?? -1
      const flags = this.#batch.flags[i] ?? 0
      if ((flags & Readiness.WAKE) !== 0) {
        fill(events[count++], -1, this.#wakeToken ?? 0n, flags, null)
        continue
      }
      const registration = this.#registrations.get(fd)
      if (registration === undefined) continue
      const told = this.#batch.bytes[i] ?? -1
      const all = asOnEveryBackend(flags, registration.interest)
      count = this.#emit(events, count, fd, all, registration, told)
    }
    return count
  }

  /** Writes the one or two events of a descriptor from `index` on, and returns the next free index. */
  #emit(
    events: LoopEvent[],
    index: number,
    fd: number,
    flags: number,
    tokens: Registration,
    told: number,
  ): number {
    const readable = (flags & Readiness.READABLE) !== 0
    const asked = this.#askBytes && readable
    const bytes = !asked ? null : told >= 0 ? told : this.#inquirer.readableBytes(fd)
    if (this.#merge) {
      fill(events[index], fd, tokens.latest, flags, bytes)
      return index + 1
    }
    const writable = (flags & Readiness.WRITABLE) !== 0
    if (!readable || !writable) {
      fill(events[index], fd, readable ? tokens.read : tokens.write, flags, bytes)
      return index + 1
    }
    fill(events[index], fd, tokens.read, flags & ~Readiness.WRITABLE, bytes)
    const writeFlags = flags & (Readiness.WRITABLE | Readiness.HANGUP | Readiness.ERROR)
    const second = events[index + 1] ?? (this.#carried = createEvents(1)[0])
    fill(second, fd, tokens.write, writeFlags, null)
    return Math.min(index + 2, events.length)
  }
}

/**
 * A hang-up or an error means that a read, or a write, would not block. Backends differ in whether they say
 * so (epoll reports a closed pipe as HUP without IN, select as readable), so it is said on all of them. A
 * half-close matters to who reads only, and where nobody does epoll and poll do not report it either.
 */
function asOnEveryBackend(flags: number, interest: number): number {
  const readEnds = Readiness.READ_CLOSED | Readiness.HANGUP | Readiness.ERROR
  const writeEnds = Readiness.HANGUP | Readiness.ERROR
  let all = (interest & Interest.READ) === 0 ? flags & ~Readiness.READ_CLOSED : flags
  if ((interest & Interest.READ) !== 0 && (flags & readEnds) !== 0) all |= Readiness.READABLE
  if ((interest & Interest.WRITE) !== 0 && (flags & writeEnds) !== 0) all |= Readiness.WRITABLE
  return all
}

function failedWith(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof SystemError && codes.includes(error.code)
}

function fill(
  event: LoopEvent | undefined,
  fd: number,
  token: bigint,
  flags: number,
  bytes: number | null,
): void {
  if (event === undefined) return
  event.fd = fd
  event.token = token
  event.readable = (flags & Readiness.READABLE) !== 0
  event.writable = (flags & Readiness.WRITABLE) !== 0
  event.eof = (flags & (Readiness.READ_CLOSED | Readiness.HANGUP)) !== 0
  event.error = (flags & Readiness.ERROR) !== 0
  event.user = (flags & Readiness.WAKE) !== 0
  event.bytes = bytes
}
