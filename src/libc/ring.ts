import { IORING_ENTER, IORING_SETUP, IORING_SQ } from './constants/io-uring.ts'
import { syscallNumbers } from './constants/syscalls.ts'
import { OwnedFd } from './fd.ts'
import { layouts } from './layouts.ts'
import { lastError } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'
import { paramOf, RingMemory } from './ring-memory.ts'
import type { SharedQueue } from './shared-queue.ts'
import { NULL } from './signatures.ts'
import { rawSyscall } from './syscall.ts'
import { writeTimespec } from './timespec.ts'

const {
  io_uring_params: PARAMS,
  io_uring_sqe: SQE,
  io_uring_cqe: CQE,
  io_uring_getevents_arg: ARGUMENT,
} = layouts

/** Words of `struct io_uring_sqe`, for those who fill one without an object. */
export const SqeWord = {
  /** The opcode in the low byte, then the flags (`IOSQE`), then `ioprio`. */
  OPCODE: SQE.offsets.opcode / 4,
  FD: SQE.offsets.fd / 4,
  OFF: SQE.offsets.off / 4,
  ADDR: SQE.offsets.addr / 4,
  LEN: SQE.offsets.len / 4,
  OP_FLAGS: SQE.offsets.op_flags / 4,
  USER_DATA: SQE.offsets.user_data / 4,
} as const

/** Words of `struct io_uring_cqe`. */
export const CqeWord = {
  USER_DATA: CQE.offsets.user_data / 4,
  RESULT: CQE.offsets.res / 4,
  FLAGS: CQE.offsets.flags / 4,
} as const

/** A request: the fields of `struct io_uring_sqe` that are not zero, under their names there. */
export interface Submission {
  readonly opcode: number
  /** `IOSQE` flags. */
  readonly flags?: number
  readonly ioprio?: number
  /** Default: -1. */
  readonly fd?: number
  readonly off?: number
  readonly addr?: number
  readonly len?: number
  /** The flags of the operation: the union of `poll32_events` and others. */
  readonly op_flags?: number
  /** Up to 2^53, as `off` and `addr` are. */
  readonly user_data?: number
}

/** What became of a request. `result` is not negative, or minus an errno. */
export interface Completion {
  readonly userData: number
  readonly result: number
  readonly flags: number
}

export interface RingOptions {
  /** `IORING_SETUP` flags. Default: none. */
  readonly flags?: number
  /** How many completions there is room for, with IORING_SETUP_CQSIZE. */
  readonly cqEntries?: number
  /** With IORING_SETUP_SQPOLL: how long its thread polls after the last request before it sleeps. */
  readonly sqThreadIdleMs?: number
}

/**
 * An io_uring without liburing: set up by raw system calls, its rings mapped into memory. It is for one thread.
 * A request is put into the ring by `push`, and handed to the kernel by `enter`, which also waits.
 */
export class Ring implements Disposable {
  readonly #libc: Libc
  readonly #fd: OwnedFd
  readonly #params = new Memory(PARAMS.size)
  readonly #enterNumber: number
  /** `struct io_uring_getevents_arg`, and behind it the timespec that it points to. */
  readonly #argument = new Memory(ARGUMENT.size + layouts.timespec.size)
  readonly #memory: RingMemory
  readonly #submissions: SharedQueue
  readonly #completions: SharedQueue
  readonly #isPolled: boolean
  /** The request that `pushEntry` puts into the ring, in words (`SqeWord`). Others than these are to stay zero. */
  readonly entry = new Int32Array(SQE.size / 4)
  /** Requests that were put into the ring, and those that were also published, but that the kernel did not take. */
  #pushed = 0
  #refused = 0

  /** Throws `SystemError` of io_uring_setup or mmap, and `RingError` where the kernel describes no ring. */
  constructor(libc: Libc, entries: number, options: RingOptions = {}) {
    this.#libc = libc
    const { view } = this.#params
    view.setUint32(PARAMS.offsets.flags, options.flags ?? 0, true)
    view.setUint32(PARAMS.offsets.cq_entries, options.cqEntries ?? 0, true)
    view.setUint32(PARAMS.offsets.sq_thread_idle, options.sqThreadIdleMs ?? 0, true)
    this.#enterNumber = syscallNumbers()?.io_uring_enter ?? -1
    this.#argument.view.setBigUint64(ARGUMENT.offsets.ts, BigInt(this.#argument.at(ARGUMENT.size)), true)
    this.#fd = new OwnedFd(libc, rawSyscall(libc, 'io_uring_setup', entries, this.#params.address))
    this.#isPolled = (this.flags & IORING_SETUP.SQPOLL) !== 0
    let memory: RingMemory | undefined
    try {
      this.#memory = memory = new RingMemory(libc, this.#fd.fd, view)
      this.#submissions = libc.queue(memory.sq)
      this.#completions = libc.queue(memory.cq)
      this.#submissions.initialize()
    } catch (error) {
      memory?.close()
      this.#fd.close()
      throw error
    }
  }

  /** Its descriptor, which can be waited for. The ring closes it. */
  get fd(): number {
    return this.#fd.fd
  }

  /** `IORING_FEAT` bits. */
  get features(): number {
    return paramOf(this.#params.view, 'features')
  }

  /** `IORING_SETUP` bits that it was made with. */
  get flags(): number {
    return paramOf(this.#params.view, 'flags')
  }

  /** For how many requests there is room, and for how many completions. */
  get sqEntries(): number {
    return this.#submissions.capacity
  }

  get cqEntries(): number {
    return this.#completions.capacity
  }

  /** `IORING_SQ` bits: what the kernel wants to be known. */
  get state(): number {
    return Atomics.load(this.#memory.sq.counters, this.#memory.sqFlags)
  }

  /** How many completions were lost because there was no room: always 0 where IORING_FEAT_NODROP is. */
  get overflow(): number {
    return Atomics.load(this.#memory.cq.counters, this.#memory.cqOverflow)
  }

  /** How many requests the kernel has not taken. With IORING_SETUP_SQPOLL its thread takes them when it comes to it. */
  get waiting(): number {
    return this.#isPolled ? this.#pushed + this.#submissions.count() : this.#pushed + this.#refused
  }

  /** Puts a request into the ring; the next `enter` hands it over. Throws `RangeError` where the ring is full. */
  push(submission: Submission): void {
    const { entry } = this
    const { opcode, flags = 0, ioprio = 0, fd = -1 } = submission
    entry[SqeWord.OPCODE] = opcode | (flags << 8) | (ioprio << 16)
    entry[SqeWord.FD] = fd
    setWide(entry, SqeWord.OFF, submission.off)
    setWide(entry, SqeWord.ADDR, submission.addr)
    entry[SqeWord.LEN] = submission.len ?? 0
    entry[SqeWord.OP_FLAGS] = submission.op_flags ?? 0
    setWide(entry, SqeWord.USER_DATA, submission.user_data)
    this.pushEntry(0, 0)
  }

  /** Puts the request in `entry` into the ring. For `number` and `places` see `SharedQueue.put`. */
  pushEntry(number: number, places: number): void {
    if (this.waiting >= this.sqEntries) {
      throw new RangeError(`the ring has room for ${this.sqEntries} requests at once`)
    }
    this.#submissions.put(this.#pushed, this.entry, number, places)
    this.#pushed++
  }

  /**
   * Hands all requests over, lets the kernel do what is due, and waits until `completions` are there or the time
   * is over, in nanoseconds: null for never; any other needs IORING_FEAT_EXT_ARG. Returns how many requests the
   * kernel took, or -1 with errno: EINTR, ETIME, EBUSY … Where it took some, it does not tell why it did not
   * wait any longer.
   */
  enter(completions: number, timeoutNs: number | null = null): number {
    const count = this.#pushed + this.#refused
    if (this.#pushed > 0) this.#submissions.publish(this.#pushed)
    this.#pushed = 0
    const flags = IORING_ENTER.GETEVENTS | this.#wakeup()
    const taken =
      timeoutNs === null
        ? this.#enter(count, completions, flags)
        : this.#enterFor(count, completions, flags, timeoutNs)
    this.#refused = this.#isPolled ? 0 : count - Math.max(0, taken)
    return taken
  }

  /** With IORING_SETUP_SQPOLL: shows its thread all requests, and wakes it where it sleeps. Throws `SystemError`. */
  publish(): void {
    if (this.#pushed > 0) this.#submissions.publish(this.#pushed)
    this.#pushed = 0
    const flags = this.#wakeup()
    if (flags !== 0 && this.#enter(0, 0, flags) === -1) throw lastError(this.#libc, 'io_uring_enter')
  }

  #wakeup(): number {
    return this.#isPolled && (this.state & IORING_SQ.NEED_WAKEUP) !== 0 ? IORING_ENTER.SQ_WAKEUP : 0
  }

  #enter(count: number, completions: number, flags: number): number {
    return this.#libc.fn.syscall(this.#enterNumber, this.#fd.fd, count, completions, flags, NULL, 0)
  }

  #enterFor(count: number, completions: number, flags: number, timeoutNs: number): number {
    const { view, address } = this.#argument
    writeTimespec(view, ARGUMENT.size, timeoutNs)
    const { syscall } = this.#libc.fn
    const extended = flags | IORING_ENTER.EXT_ARG
    return syscall(this.#enterNumber, this.#fd.fd, count, completions, extended, address, ARGUMENT.size)
  }

  /** Hands a request to the kernel, and waits until `completions` of all requests are there. Throws `SystemError`. */
  submit(submission: Submission, completions: number): void {
    this.push(submission)
    if (this.enter(completions) === -1) throw lastError(this.#libc, 'io_uring_enter')
  }

  /** io_uring_register: throws `SystemError`. */
  register(opcode: number, argument: number, count: number): void {
    rawSyscall(this.#libc, 'io_uring_register', this.#fd.fd, opcode, argument, count)
  }

  /** How many completions can be read. Throws `RingError` for a number that cannot be. */
  count(): number {
    return this.#completions.count()
  }

  /** Whether no completion is there now. */
  get isEmpty(): boolean {
    return this.#completions.isEmpty()
  }

  /** A word (`CqeWord`) of a completion: the one `ahead` of the next. */
  word(ahead: number, index: number): number {
    return this.#completions.word(ahead, index)
  }

  /** Gives the next completions back, which were read. */
  release(count: number): void {
    if (count > 0) this.#completions.take(count)
  }

  /** Takes the next completion, or undefined if there is none. */
  take(): Completion | undefined {
    if (this.count() === 0) return undefined
    const low = this.word(0, CqeWord.USER_DATA) >>> 0
    const high = this.word(0, CqeWord.USER_DATA + 1) >>> 0
    const completion = {
      userData: low + high * 2 ** 32,
      result: this.word(0, CqeWord.RESULT),
      flags: this.word(0, CqeWord.FLAGS) >>> 0,
    }
    this.release(1)
    return completion
  }

  /** Idempotent. The ring must not be used afterwards: its memory is gone. */
  close(): void {
    this.retire()()
  }

  /** Closes its descriptor only. The kernel object lives until its memory is given back, which is what is returned. */
  retire(): () => void {
    this.#fd.close()
    return () => this.#memory.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function setWide(entry: Int32Array, word: number, value = 0): void {
  entry[word] = value % 2 ** 32
  entry[word + 1] = Math.floor(value / 2 ** 32)
}
