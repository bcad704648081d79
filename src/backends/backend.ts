/**
 * The contract of a backend.
 *
 * A `Backend` is a kind (epoll); a `Poller` is one open kernel object of that kind. A backend supplies:
 *
 * - `capabilities`: what it is able to do, as data. A caller asks, and never guesses from the name.
 * - `isPresent`: whether its interface is there at all. Where it is not, nobody misses it.
 * - `availability`: whether it can be used here, found by a harmless real try.
 * - `open`: a Poller, which does `add`, `modify`, `remove`, `wait`, `wake` and `close`.
 *
 * What every Poller promises:
 *
 * - Every operation but `wait` is O(1) in the number of registered descriptors; `wait` is too, except for poll
 *   and select, whose system calls are not.
 * - `wait` fills a batch that the caller owns and reuses. Per event it allocates nothing and makes no BigInt.
 * - Tokens are 64 bits and come back as they were given.
 * - A timeout is in nanoseconds or null for none; it is rounded up to what the system call can express and is
 *   never early. What ends it before its time, EINTR above all, is a value, `INTERRUPTED`.
 * - An event of a registration that was removed, or of a descriptor number that has since been registered anew,
 *   is never reported.
 *
 * Not promised: the order of events, and that a descriptor that was closed without `remove` stays silent
 * (epoll forgets it, poll and select report it as an error until it is removed, and a request of io_uring keeps the
 * file as it was, but is an error once it is made anew).
 */
import type { Libc } from '../libc/libc.ts'
import type { BufferArgument } from '../libc/buffers.ts'
import type { FunctionName } from '../libc/signatures.ts'
import type { KqueueAbiName } from './kqueue/abi.ts'

/** What is asked for, as bits. Hang-ups and errors need not be asked for. */
export const Interest = { READ: 1, WRITE: 2, PRIORITY: 4 } as const

/**
 * What is reported, as bits. `READ_CLOSED`: the peer will send no more (a half-close); `HANGUP`: both
 * directions are closed. A backend without the `hangup` capability reports neither, and `ERROR` only for a
 * descriptor that is not open: there they show as `READABLE` or `WRITABLE`. `WAKE` is the effect of `wake` and
 * carries no descriptor.
 */
export const Readiness = {
  READABLE: 1,
  WRITABLE: 2,
  PRIORITY: 4,
  READ_CLOSED: 8,
  HANGUP: 16,
  ERROR: 32,
  WAKE: 64,
} as const

/** When a registration reports: while ready, when it becomes ready, once until `modify`, or the last two. */
export type Trigger = 'level' | 'edge' | 'oneshot' | 'edge-oneshot'

/** What a backend is able to do on this platform. */
export interface Capabilities {
  readonly triggers: readonly Trigger[]
  /** Can wake only one of several Pollers that watch one descriptor. */
  readonly exclusive: boolean
  /** Tells hang-ups, half-closes and errors apart from readability. */
  readonly hangup: boolean
  /** Can be asked for `Interest.PRIORITY`. Where it cannot, that is an `UnsupportedError`. */
  readonly priority: boolean
  /**
   * Where byte counts come from: with the event (`ReadinessBatch.bytes`), or by asking (FIONREAD).
   */
  readonly byteCounts: 'event' | 'asked'
  /** Whether a token belongs to a descriptor or to one direction of it. */
  readonly tokenPer: 'fd' | 'direction'
  /** Has a kernel object of its own for waking and for timers. */
  readonly userEvents: boolean
  readonly timers: boolean
  /** The finest timeout that the system call can express, where the kernel has its newest form. */
  readonly timeoutResolutionNs: number
  /**
   * Each wait asks anew for what the one before has reported, so that what it is told decides on its next call.
   * Default: false; the registrations of others stay as they are.
   */
  readonly asksAnew?: true
  /** The largest descriptor number that can be registered; undefined where only the process limits it. */
  readonly largestFd: number | undefined
}

/** Whether a backend can be used here, and what said no. */
export type Availability =
  | { readonly available: true }
  | {
      readonly available: false
      readonly reason: string
      readonly errno?: string
      /** It is there and gives wrong answers: a bug, and nothing that is missing. */
      readonly broken?: true
    }

export interface RegistrationOptions {
  /** Default: `level`. A trigger that the backend does not have is an `UnsupportedError`. */
  readonly trigger?: Trigger
  /**
   * Default: false. Needs the `exclusive` capability. For `add` only: the kernel modifies no such registration
   * (EINVAL), allows it no oneshot and no priority, and does not report a half-close as `READ_CLOSED`.
   */
  readonly exclusive?: boolean
}

/**
 * The caller's number for a registration, of 64 bits and not negative; as a number, a safe integer. Anything
 * else is a RangeError, and registers nothing.
 */
export type Token = bigint | number

/**
 * `wait` ended before its time and has nothing to report: a signal came, or all that happened concerns
 * registrations that are no more. Give control back, then wait again.
 */
export const INTERRUPTED = -1

/** One open kernel object. Closing it is idempotent; using it afterwards fails with EBADF. */
export interface Poller extends Disposable {
  readonly backend: Backend
  /** Registers a descriptor. Throws `SystemError`: EEXIST if it is registered, EBADF, EPERM, ENOSPC … */
  add(fd: number, interest: number, token: Token, options?: RegistrationOptions): void
  /** Replaces interest, token and trigger, and re-arms a oneshot. Throws `SystemError`: ENOENT, EBADF … */
  modify(fd: number, interest: number, token: Token, options?: RegistrationOptions): void
  /** Removes a registration. Throws `SystemError`: ENOENT if there is none. */
  remove(fd: number): void
  /** Waits, fills `batch`, and returns how many events it holds; 0 after a timeout, or `INTERRUPTED`. */
  wait(batch: ReadinessBatch, timeoutNs: number | null): number
  /** Makes a `wait`, the present or the next one, return an event with `WAKE`. Many wakes may become one. */
  wake(): void
  /** What another thread needs to call `wakeRemote`: plain data. */
  wakeHandle(): WakeHandle
  close(): void
}

/** How another thread reaches a Poller: the descriptor to write to, and where the functions are. */
export interface WakeHandle {
  readonly fd: number
  readonly plan: Libc['plan']
  /** The descriptor is that of a kqueue with this interface, whose EVFILT_USER is to be triggered. */
  readonly kqueue?: KqueueAbiName
}

/** What is left of a Poller that was closed and is of no more use to anyone. */
export interface RetiredPoller {
  /** Gives the kernel object back, if no process that was forked in the meantime has it yet. */
  end(): void
  /** Waits until the kernel has taken it apart, after which it interrupts nobody. */
  settle(): void
}

export interface PollerOptions {
  /**
   * Takes over what `close` would still do where the kernel needs long for it: for a ring of io_uring it waits some 20
   * ms. Nothing is registered by then, and no descriptor open. For who closes many.
   */
  readonly retire?: ((retired: RetiredPoller) => void) | undefined
  /**
   * Whether other threads than the one that opens it will make its calls (besides `wakeRemote`). Default: false.
   * Only io_uring needs to know: a ring that is for one thread works faster.
   */
  readonly shared?: boolean
  /**
   * Re-arms oneshots with the next `wait` instead of at once, where that saves a call: `modify` with the interest and
   * the trigger that the registration has. What is wrong with the descriptor, that it is closed for instance, is then
   * not said by `modify`, but by an event with `ERROR` alone, and the registration stays until it is removed. Default:
   * false. Only kqueue does it, of one thread, and not libkqueue, which may forget to tell what is wrong.
   */
  readonly lateRearms?: boolean
}

export interface Backend {
  readonly name: string
  readonly capabilities: Capabilities
  /**
   * Whether its functions are there at all, whatever they do: a look at names, which calls nothing. A backend that
   * is not present is one that this platform does not have, and not one that is broken.
   */
  isPresent(libc: Libc): boolean
  /**
   * A seccomp filter may kill whoever tries it, and such filters are in use. Then it is no default, and where there is
   * a filter it is tried in a process of its own first.
   */
  readonly mayKill?: true
  /** It is a way to use another backend, which only who names it wants: it is never meant where nobody names one. */
  readonly onRequest?: true
  /** The native interface that it has under its own name: what is written for that runs on it too, in one thread. */
  readonly speaks?: 'epoll'
  /**
   * A world of its own that it watches descriptors of, in the place of the machine's: what its users make descriptors
   * with, read and write. Each is new and empty. Absent: the C library itself.
   */
  readonly world?: (libc: Libc) => Libc
  /** For how long after the last call of a Poller it keeps a processor busy, at most. Default: not at all. */
  readonly busyForMs?: number
  /** Why its calls cannot be recorded and made again, one after the other. Undefined where they can. */
  readonly unrepeatable?: string
  /** Whether it can be used, found by a harmless real try. */
  availability(libc: Libc): Availability
  /** Throws `SystemError` (EMFILE …) or `UnsupportedError`. */
  open(libc: Libc, options?: PollerOptions): Poller
  /** What its functions do with memory, where that is not the same on every platform. */
  buffers?(libc: Libc): Partial<Record<FunctionName, readonly BufferArgument[]>>
  /**
   * Of a backend that a library may bring, what makes it open all that it works with: the function, which makes it
   * start anew in a forked child, and the same in this process, for as long as the result is not disposed of.
   */
  readonly primer?: { readonly fn: FunctionName; open(libc: Libc): Disposable }
}

/**
 * The events of one `wait`, as columns. Owned by the caller, reused from wait to wait. The columns are public
 * for loops that must not allocate; `token` makes a BigInt and is for everybody else.
 */
export class ReadinessBatch {
  readonly capacity: number
  readonly fds: Int32Array
  /** `Readiness` bits. */
  readonly flags: Uint32Array
  readonly tokens: BigUint64Array
  /** The same tokens as two 32-bit words each, low word first. */
  readonly tokenWords: Uint32Array
  /**
   * How many bytes can be read, of a backend whose `byteCounts` come with the event; -1 where it does not say so. Of
   * a socket that listens it is how many connections are pending.
   */
  readonly bytes: Float64Array
  /**
   * The errno of an event with `ERROR` that the backend has taken from the socket, which then says it to nobody any
   * more; 0 where it has not: only libkqueue does.
   */
  readonly errors: Int32Array

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`a batch holds at least one event, not ${capacity}`)
    }
    this.capacity = capacity
    this.fds = new Int32Array(capacity)
    this.flags = new Uint32Array(capacity)
    this.tokens = new BigUint64Array(capacity)
    this.tokenWords = new Uint32Array(this.tokens.buffer)
    this.bytes = new Float64Array(capacity).fill(-1)
    this.errors = new Int32Array(capacity)
  }

  token(index: number): bigint {
    return this.tokens[index] ?? 0n
  }
}
