/**
 * A reactor: one-shot readiness over any backend. Each registration reports once, and then nothing more until it is
 * registered again: the shape that runtimes are built on, because who waits is told once, and nobody is told twice.
 */
import { defaultBackend } from '../backends/index.ts'
import { Interest, INTERRUPTED, Readiness, ReadinessBatch } from '../backends/backend.ts'
import type { Backend, Poller, PollerOptions, Token, Trigger, WakeHandle } from '../backends/backend.ts'
import { MAX_TIMEOUT_MS } from '../backends/timeout.ts'
import { UnsupportedError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import { Inquirer } from './inquirer.ts'

/** The fewest events that a `poll` has room for. */
const LEAST_CAPACITY = 1024

const NS_PER_MS = 1_000_000

/** One event of a reactor, as an object: for who iterates. */
export interface ReactorEvent {
  readonly token: bigint
  readonly readable: boolean
  readonly writable: boolean
}

/**
 * The events of one `poll`, owned by the caller and reused from poll to poll. It has room for at least 1024, and for
 * as many as were asked for where that is more.
 */
export class ReactorEvents implements Iterable<ReactorEvent> {
  /** What the Poller fills; its flags are then those of `Reactor`. */
  readonly batch: ReadinessBatch
  /** How many there are. */
  length = 0
  /** Whether `wake` was called. It is no event, and does not count. */
  woken = false

  constructor(capacity: number = LEAST_CAPACITY) {
    // What is no size is refused by the batch.
    const isSmall = Number.isInteger(capacity) && capacity >= 1 && capacity < LEAST_CAPACITY
    this.batch = new ReadinessBatch(isSmall ? LEAST_CAPACITY : capacity)
  }

  get capacity(): number {
    return this.batch.capacity
  }

  /** The descriptor of an event. */
  fd(index: number): number {
    return this.batch.fds[index] ?? -1
  }

  /** The token that its descriptor was registered with last. */
  token(index: number): bigint {
    return this.batch.token(index)
  }

  isReadable(index: number): boolean {
    return ((this.batch.flags[index] ?? 0) & Readiness.READABLE) !== 0
  }

  isWritable(index: number): boolean {
    return ((this.batch.flags[index] ?? 0) & Readiness.WRITABLE) !== 0
  }

  /** The errno that the backend has taken from a socket, which says it to nobody else; 0 for none. */
  error(index: number): number {
    return this.batch.errors[index] ?? 0
  }

  *[Symbol.iterator](): Iterator<ReactorEvent> {
    for (let i = 0; i < this.length; i++) {
      yield { token: this.token(i), readable: this.isReadable(i), writable: this.isWritable(i) }
    }
  }
}

export interface ReactorOptions extends Pick<PollerOptions, 'shared' | 'lateRearms'> {
  /** Default: the best that works here. */
  readonly backend?: Backend
}

/** One-shot triggers, the better one first: an edge costs the kernel no second look. */
const ONCE: readonly Trigger[] = ['edge-oneshot', 'oneshot']

/**
 * Registers descriptors for one event each, and waits for those events.
 *
 * - The trigger is edge-triggered and one-shot where the backend has that (epoll, kqueue, io_uring), else one-shot,
 *   which poll and select emulate. Either way, what is ready already when it is registered is reported.
 * - An event says `readable` and `writable`. A half-close is readable. A hang-up and an error are both, whatever was
 *   asked for, on every backend: who waits for either direction always learns of them.
 * - A closed descriptor is to be deregistered before it is closed; what becomes of it else is the backend's affair.
 *
 * Errors are `SystemError`s: EEXIST, ENOENT, EBADF, EPERM, and EBADF for all that is done after `close`.
 */
export class Reactor implements Disposable {
  readonly backend: Backend
  /** How its registrations trigger. */
  readonly trigger: Trigger
  readonly #poller: Poller
  readonly #inquirer: Inquirer
  readonly #options: { readonly trigger: Trigger }

  constructor(libc: Libc, { backend = defaultBackend(libc), ...options }: ReactorOptions = {}) {
    if (backend === undefined) throw new UnsupportedError('Reactor', 'no backend works on this machine')
    const trigger = ONCE.find((one) => backend.capabilities.triggers.includes(one))
    if (trigger === undefined) {
      throw new UnsupportedError(`Reactor over ${backend.name}`, 'it has no one-shot trigger')
    }
    this.backend = backend
    this.trigger = trigger
    this.#options = { trigger }
    this.#inquirer = new Inquirer(libc)
    this.#poller = backend.open(libc, options)
  }

  /** Asks for one event of a descriptor. `interest` has the bits of `Interest`. EEXIST where it is registered. */
  register(source: number, token: Token, interest: number): void {
    this.#poller.add(source, interest, token, this.#options)
  }

  /** Asks for the next one, with this token and interest from now on. ENOENT where it is not registered. */
  reregister(source: number, token: Token, interest: number): void {
    this.#poller.modify(source, interest, token, this.#options)
  }

  /** Asks for no more. ENOENT where it is not registered, EBADF where it is not open. */
  deregister(source: number): void {
    this.#poller.remove(source)
  }

  /**
   * Waits at most `timeoutMs` (a fraction is fine, null: for ever, and no more than a C int of milliseconds at once),
   * and returns how many events there are: 0 when the time is over, when `wake` was called, and when a signal came.
   * RangeError for a time that is negative or no number.
   */
  poll(events: ReactorEvents, timeoutMs: number | null): number {
    const { batch } = events
    events.length = 0
    events.woken = false
    const timeoutNs = timeoutMs === null ? null : Math.min(timeoutMs, MAX_TIMEOUT_MS) * NS_PER_MS
    const n = this.#poller.wait(batch, timeoutNs)
    if (n === INTERRUPTED || n === 0) return 0
    this.#inquirer.complete(batch, n, this.backend.capabilities)
    let count = 0
    for (let i = 0; i < n; i++) {
      const flags = batch.flags[i] ?? 0
      if ((flags & Readiness.WAKE) !== 0) {
        events.woken = true
        continue
      }
      batch.flags[count] = asDirections(flags)
      if (count !== i) moveEvent(batch, i, count)
      count++
    }
    events.length = count
    return count
  }

  /** Makes a `poll`, the present or the next one, return with `events.woken`. */
  wake(): void {
    this.#poller.wake()
  }

  /** What another thread needs for `wakeRemote`. */
  wakeHandle(): WakeHandle {
    return this.#poller.wakeHandle()
  }

  /** Gives the kernel object back, and leaves what was registered alone. */
  close(): void {
    this.#poller.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Both directions, for what concerns both. */
const BOTH = Interest.READ | Interest.WRITE

/** Readiness as the two directions, whose bits are those of `Interest`. */
function asDirections(flags: number): number {
  if ((flags & (Readiness.HANGUP | Readiness.ERROR)) !== 0) return BOTH
  // Urgent data is read, though by another call.
  const readable = flags & (Readiness.READABLE | Readiness.PRIORITY | Readiness.READ_CLOSED)
  return (readable !== 0 ? Readiness.READABLE : 0) | (flags & Readiness.WRITABLE)
}

/** Closes the gap that a wake has left: of an event, but for its flags. */
function moveEvent(batch: ReadinessBatch, from: number, to: number): void {
  batch.fds[to] = batch.fds[from] ?? -1
  batch.errors[to] = batch.errors[from] ?? 0
  batch.tokenWords[2 * to] = batch.tokenWords[2 * from] ?? 0
  batch.tokenWords[2 * to + 1] = batch.tokenWords[2 * from + 1] ?? 0
}
