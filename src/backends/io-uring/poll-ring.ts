import { constants as osConstants } from 'node:os'
import { SystemError } from '../../errors.ts'
import {
  IORING_ASYNC_CANCEL,
  IORING_FEAT,
  IORING_OP,
  IORING_POLL,
  IORING_SETUP,
  IORING_SQ,
} from '../../libc/constants/io-uring.ts'
import type { Libc } from '../../libc/libc.ts'
import { Ring, SqeWord } from '../../libc/ring.ts'
import { MARKERS, Turns } from './turns.ts'

const { EALREADY } = osConstants.errno

/**
 * How many requests are handed over at once, and for how many completions there is room. The first takes 132 KiB, which
 * Linux 6.14 and later count as locked memory of a user who lacks CAP_IPC_LOCK; 64 KiB is a common limit in containers.
 */
const SIZES = [
  { entries: 1024, completions: 4096 },
  { entries: 128, completions: 512 },
  { entries: 16, completions: 64 },
] as const

/** The low word of `user_data`, where it is no descriptor: that of the waker, and of removals. `Turns` has another. */
export const WAKER = -1
export const REMOVAL = -2

/** The words of a request that hold the descriptor, as bits: `fd` itself, and the low word of `user_data` or `addr`. */
const ADD_PLACES = (1 << SqeWord.FD) | (1 << SqeWord.USER_DATA)
const REMOVE_PLACES = 1 << SqeWord.ADDR

const SIZED = IORING_SETUP.CQSIZE | IORING_SETUP.CLAMP
/** Completions are posted only inside io_uring_enter, and until then the kernel says that there is something to do. */
const DEFERRED = IORING_SETUP.SINGLE_ISSUER | IORING_SETUP.DEFER_TASKRUN | IORING_SETUP.TASKRUN_FLAG
/** Nobody is interrupted for a completion: the thread finds it when it enters the kernel the next time. */
const COOPERATIVE = IORING_SETUP.COOP_TASKRUN | IORING_SETUP.TASKRUN_FLAG

/** Flags from the best set on; a kernel that does not know one of them says EINVAL. */
const own: readonly number[] = [
  SIZED | DEFERRED | IORING_SETUP.SUBMIT_ALL | IORING_SETUP.NO_SQARRAY, // Linux 6.6
  SIZED | DEFERRED | IORING_SETUP.SUBMIT_ALL, // 6.1
  SIZED | COOPERATIVE | IORING_SETUP.SUBMIT_ALL, // 5.19
  SIZED, // 5.6
]

/** For a ring that several threads use, which DEFER_TASKRUN does not allow. */
const shared: readonly number[] = [
  SIZED | COOPERATIVE | IORING_SETUP.SUBMIT_ALL | IORING_SETUP.NO_SQARRAY, // Linux 6.6
  ...own.slice(2),
]

/** For a ring whose requests are taken by a thread of the kernel. It works everything off by itself. */
const polled: readonly number[] = [
  SIZED | IORING_SETUP.SQPOLL | IORING_SETUP.SUBMIT_ALL | IORING_SETUP.NO_SQARRAY, // Linux 6.6
  SIZED | IORING_SETUP.SQPOLL, // 5.6
]

/**
 * How long that thread looks for requests before it sleeps. A loop that is busy keeps it awake; one that is idle does
 * not keep a processor busy for a second after each event, as it would by the kernel's default.
 */
export const SQ_THREAD_IDLE_MS = 20

/** Who uses a ring. */
export interface RingKind {
  /** Several threads. */
  readonly shared: boolean
  /** A thread of the kernel takes the requests (IORING_SETUP_SQPOLL). */
  readonly sqpoll: boolean
}

/** A ring that holds poll requests. */
export class PollRing {
  readonly #ring: Ring
  /** Whether the kernel says, before it is entered, that a request has something to tell. */
  readonly tellsPending: boolean
  /** Whether the kernel has left a request alone that was to be taken back last: it had just been woken. */
  isRefused = false

  /** Where a thread of the kernel takes the requests. */
  readonly #turns: Turns | undefined

  /** Throws `SystemError` of io_uring_setup: ENOSYS, EPERM, ENOMEM, EMFILE … */
  constructor(libc: Libc, { shared: isShared, sqpoll }: RingKind) {
    this.#ring = openBest(libc, sqpoll ? polled : isShared ? shared : own)
    this.#turns = sqpoll ? new Turns(libc, this.#ring) : undefined
    this.tellsPending = sqpoll || (this.#ring.flags & IORING_SETUP.TASKRUN_FLAG) !== 0
  }

  /** Whether requests may be about any descriptor, and not only about registered ones (SQPOLL before Linux 5.11). */
  get takesAnyFd(): boolean {
    return this.#turns === undefined || (this.#ring.features & IORING_FEAT.SQPOLL_NONFIXED) !== 0
  }

  /** How many requests can be pushed before the next `enter`. */
  get room(): number {
    return this.#ring.sqEntries - this.#ring.waiting - (this.#turns === undefined ? 0 : MARKERS)
  }

  get unsubmitted(): number {
    return this.#ring.waiting
  }

  /** Whether there are completions, or something has happened that is not among them yet: `enter` gets it. */
  get isBehind(): boolean {
    return !this.#ring.isEmpty || (this.#ring.state & (IORING_SQ.TASKRUN | IORING_SQ.CQ_OVERFLOW)) !== 0
  }

  /**
   * The same at the start of a wait. Where a thread of the kernel works things off, it first does so with all that
   * happened before. Throws `SystemError`, see `Turns`.
   */
  look(): boolean {
    this.#turns?.take()
    return this.isBehind
  }

  /** Asks for a descriptor's readiness: once, or until it is removed (`stays`). */
  pushPoll(fd: number, mask: number, stays: boolean, generation: number): void {
    this.#fill(IORING_OP.POLL_ADD, fd, 0, 0, stays ? IORING_POLL.ADD_MULTI : 0, mask, fd, generation)
    this.#ring.pushEntry(fd, ADD_PLACES)
  }

  pushWakerPoll(fd: number, mask: number): void {
    this.#fill(IORING_OP.POLL_ADD, fd, 0, 0, IORING_POLL.ADD_MULTI, mask, WAKER, 0)
    this.#ring.pushEntry(fd, 1 << SqeWord.FD)
  }

  /** Takes the request of a descriptor back. */
  pushRemoval(fd: number, generation: number): void {
    this.isRefused = false
    this.#fill(IORING_OP.POLL_REMOVE, -1, fd, generation, 0, 0, REMOVAL, 0)
    this.#ring.pushEntry(fd, REMOVE_PLACES)
  }

  /** The completion of a removal: its `user_data` is `REMOVAL`. */
  heardOfRemoval(result: number): void {
    if (result === -EALREADY) this.isRefused = true
  }

  #fill(
    opcode: number,
    fd: number,
    addrLow: number,
    addrHigh: number,
    len: number,
    flags: number,
    dataLow: number,
    dataHigh: number,
  ): void {
    this.#turns?.makeRoom(1)
    const { entry } = this.#ring
    entry[SqeWord.OPCODE] = opcode
    entry[SqeWord.FD] = fd
    entry[SqeWord.ADDR] = addrLow
    entry[SqeWord.ADDR + 1] = addrHigh
    entry[SqeWord.LEN] = len
    entry[SqeWord.OP_FLAGS] = flags
    entry[SqeWord.USER_DATA] = dataLow
    entry[SqeWord.USER_DATA + 1] = dataHigh
  }

  /** See `Ring`. What was pushed is asked for when this returns, also where a thread of the kernel does it. */
  enter(completions: number, timeoutNs: number | null): number {
    const ring = this.#ring
    const turns = this.#turns
    if (turns === undefined) return ring.enter(completions, timeoutNs)
    // Answers that there was no room for come back in the kernel.
    if ((ring.state & IORING_SQ.CQ_OVERFLOW) !== 0) ring.enter(0)
    if (ring.waiting > 0) turns.take()
    if (completions === 0 || !ring.isEmpty) return 0
    const result = ring.enter(completions, timeoutNs)
    // Who has come first has only woken us, and others may be there, too.
    if (result !== -1) turns.take()
    return result
  }

  count(): number {
    return this.#ring.count()
  }

  word(ahead: number, index: number): number {
    return this.#ring.word(ahead, index)
  }

  release(count: number): void {
    this.#ring.release(count)
  }

  close(): void {
    this.retire()()
  }

  /** Takes all requests back first (Linux 5.19): else each of them may interrupt a later wait. See `Ring`. */
  retire(): () => void {
    const { ALL, ANY } = IORING_ASYNC_CANCEL
    if (this.room > 0) {
      this.#fill(IORING_OP.ASYNC_CANCEL, -1, 0, 0, 0, ALL | ANY, REMOVAL, 0)
      this.#ring.pushEntry(0, 0)
      this.enter(0, null)
    }
    return this.#ring.retire()
  }
}

/** A ring with the best flags that the kernel knows, as large as this process may have it. */
function openBest(libc: Libc, sets: readonly number[]): Ring {
  return withFirst(SIZES, 'ENOMEM', ({ entries, completions }) =>
    withFirst(
      sets,
      'EINVAL',
      (flags) =>
        new Ring(libc, entries, { cqEntries: completions, flags, sqThreadIdleMs: SQ_THREAD_IDLE_MS }),
    ),
  )
}

/** What can be made of the first of the candidates that is not refused with this errno. */
function withFirst<T, Made>(candidates: readonly T[], errno: string, make: (candidate: T) => Made): Made {
  let refusal: unknown
  for (const candidate of candidates) {
    try {
      return make(candidate)
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== errno) throw error
      refusal = error
    }
  }
  throw refusal
}
