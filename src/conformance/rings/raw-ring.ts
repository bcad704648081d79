/**
 * A ring whose every field is at hand. A check does with it what no program would: it fills requests with what the
 * kernel must refuse, gives them numbers of 64 bits, and wants to know what each call returned.
 */
import {
  IORING_CQE_F_MORE,
  IORING_ENTER,
  IORING_FEAT,
  IORING_SETUP,
  IORING_SQ,
  IOSQE,
} from '../../libc/constants/io-uring.ts'
import { syscallNumbers } from '../../libc/constants/syscalls.ts'
import type { SyscallNumbers } from '../../libc/constants/syscalls.ts'
import { OwnedFd } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory, scratch } from '../../libc/memory.ts'
import { paramOf, RingMemory } from '../../libc/ring-memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { rawSyscall } from '../../libc/syscall.ts'
import { timespecOf } from '../operations/events.ts'
import type { Invocation } from '../threads/job.ts'
import { opNumber, ringErrno } from './abi.ts'
import type { Feature, SetupFlag, SqState } from './abi.ts'

const {
  io_uring_params: PARAMS,
  io_uring_sqe: SQE,
  io_uring_cqe: CQE,
  io_uring_getevents_arg: ARGUMENT,
} = layouts

/** What a ring is made with. Rings made alike can stand in for each other. */
export interface RingOptions {
  readonly entries: number
  readonly flags: readonly SetupFlag[]
  /** Room for completions. Default: twice the entries. */
  readonly completions?: number
}

type SqeField = keyof typeof SQE.offsets

/** Fields of a request, under their names in `struct io_uring_sqe`. Those left out are zero, but `fd`, which is -1. */
export type SqeFields = Readonly<
  Partial<Record<Exclude<SqeField, 'user_data'>, number | bigint>> & { user_data?: bigint }
>

/** A completion as it stands in the ring. */
export interface Cqe {
  readonly data: bigint
  readonly result: number
  readonly flags: number
}

/** How long an idle kernel thread (SQPOLL) spins before it sleeps. Rings are kept, and must not keep a processor busy. */
const SQ_IDLE_MS = 1

/** How io_uring_enter is called. */
export interface EnterOptions {
  readonly submit?: number
  /** It returns when so many completions are there. Given, also as 0, it looks for completions (GETEVENTS). */
  readonly least?: number
  /** Further flags, as bits. */
  readonly flags?: number
  /** How long it waits at the most (EXT_ARG). */
  readonly timeoutMs?: number
}

export class RawRing {
  readonly options: RingOptions
  readonly #libc: Libc
  readonly #fd: OwnedFd
  readonly #params = new Memory(PARAMS.size)
  readonly #memory: RingMemory
  readonly #sqes: DataView
  /** Requests that were written, and not published. */
  #written = 0
  /** How many requests have not had their last completion, by their user_data. */
  readonly #unanswered = new Map<bigint, number>()
  /** A completion came that no request of this ring had to expect, so nobody knows what else may. */
  #isDoubtful = false

  /** Throws `SystemError` of io_uring_setup or mmap. */
  constructor(libc: Libc, options: RingOptions) {
    this.#libc = libc
    this.options = options
    const { completions } = options
    const flags = options.flags.reduce((bits, flag) => bits | IORING_SETUP[flag], 0)
    const { view, address } = this.#params
    view.setUint32(PARAMS.offsets.flags, flags | (completions === undefined ? 0 : IORING_SETUP.CQSIZE), true)
    view.setUint32(PARAMS.offsets.cq_entries, completions ?? 0, true)
    view.setUint32(PARAMS.offsets.sq_thread_idle, SQ_IDLE_MS, true)
    this.#fd = new OwnedFd(libc, rawSyscall(libc, 'io_uring_setup', options.entries, address))
    try {
      this.#memory = new RingMemory(libc, this.fd, view)
      const { buffer, byteOffset, byteLength } = this.#memory.sq.entries
      this.#sqes = new DataView(buffer, byteOffset, byteLength)
    } catch (error) {
      this.#fd.close()
      throw error
    }
  }

  /** Its descriptor. The ring closes it. */
  get fd(): number {
    return this.#fd.fd
  }

  get isSqPoll(): boolean {
    return this.options.flags.includes('SQPOLL')
  }

  /** What io_uring_setup has filled in. */
  param(name: keyof typeof PARAMS.offsets): number {
    return paramOf(this.#params.view, name)
  }

  hasFeature(name: Feature): boolean {
    return (this.param('features') & IORING_FEAT[name]) !== 0
  }

  /** Whether the kernel has set a flag of the submission ring. */
  hasState(name: SqState): boolean {
    return (Atomics.load(this.#memory.sq.counters, this.#memory.sqFlags) & IORING_SQ[name]) !== 0
  }

  /** How many requests are in the ring, whether the kernel may see them or not. */
  get pending(): number {
    return this.#written + distance(this.#memory.sq)
  }

  /** How many completions are there to be taken. */
  get ready(): number {
    return distance(this.#memory.cq)
  }

  /** Whether every request had its last completion, which was taken, and nothing else came: the kernel holds none. */
  get isEmpty(): boolean {
    return !this.#isDoubtful && this.#unanswered.size === 0 && this.pending === 0 && this.ready === 0
  }

  /** To be told when all that was in the ring was cancelled, and the kernel has said that nothing is left. */
  wasEmptied(): void {
    this.#unanswered.clear()
    this.#isDoubtful = false
  }

  /** Writes a request into the ring, which the kernel does not see before `publish`. */
  push(fields: SqeFields): void {
    this.#put(fields)
    const { user_data: data = 0n } = fields
    this.#unanswered.set(data, (this.#unanswered.get(data) ?? 0) + 1)
  }

  /** Writes a request into the ring that does nothing and is not answered. False where the kernel has none such. */
  pushSilent(): boolean {
    if (!this.hasFeature('CQE_SKIP') || this.pending >= this.#memory.sq.capacity) return false
    this.#put({ opcode: opNumber('NOP'), flags: IOSQE.CQE_SKIP_SUCCESS })
    return true
  }

  #put(fields: SqeFields): void {
    const { counters, tail, capacity, order } = this.#memory.sq
    if (this.pending >= capacity) throw new TypeError('the ring has no room for another request')
    const index = (Atomics.load(counters, tail) + this.#written) & (capacity - 1)
    this.#write(index * SQE.size, fields)
    if (order !== undefined) order.words[index] = index
    this.#written++
  }

  /** Shows the kernel all that was written, at once: with SQPOLL it takes it before it is told to. */
  publish(): void {
    const { counters, tail } = this.#memory.sq
    Atomics.add(counters, tail, this.#written)
    this.#written = 0
  }

  /** Takes all completions that are there, without a system call. */
  take(): Cqe[] {
    const { counters, head, entries, entryWords, capacity } = this.#memory.cq
    const found: Cqe[] = []
    while (this.ready > 0) {
      const at = (Atomics.load(counters, head) & (capacity - 1)) * entryWords
      const word = (offset: number): number => entries[at + offset / 4] ?? 0
      const low = BigInt(word(CQE.offsets.user_data) >>> 0)
      const high = BigInt(word(CQE.offsets.user_data + 4) >>> 0)
      const [result, flags] = [word(CQE.offsets.res), word(CQE.offsets.flags) >>> 0]
      found.push({ data: (high << 32n) | low, result, flags })
      Atomics.add(counters, head, 1)
    }
    for (const { data, flags } of found) if ((flags & IORING_CQE_F_MORE) === 0) this.#hasAnswered(data)
    return found
  }

  /** One request less waits for its last completion. */
  #hasAnswered(data: bigint): void {
    const left = (this.#unanswered.get(data) ?? 0) - 1
    if (left > 0) this.#unanswered.set(data, left)
    else if (!this.#unanswered.delete(data)) this.#isDoubtful = true
  }

  /** The call of io_uring_enter, for this thread or another, and the memory that it needs. */
  enterCall(options: EnterOptions): {
    readonly invocation: Invocation
    readonly memory: readonly Memory[]
  } {
    const { submit = 0, least, timeoutMs } = options
    const flags = (options.flags ?? 0) | (least === undefined ? 0 : IORING_ENTER.GETEVENTS)
    const head = [callNumber('io_uring_enter'), this.fd, submit, least ?? 0]
    if (timeoutMs === undefined)
      return { invocation: { fn: 'syscall', args: [...head, flags, NULL, 0] }, memory: [] }
    const [argument, time] = [scratch(ARGUMENT.size), timespecOf(timeoutMs)]
    argument.view.setBigUint64(ARGUMENT.offsets.ts, BigInt(time.address), true)
    const args = [...head, flags | IORING_ENTER.EXT_ARG, argument.address, ARGUMENT.size]
    return { invocation: { fn: 'syscall', args }, memory: [argument, time] }
  }

  /** io_uring_enter: what it returned, or its errno. */
  enter(options: EnterOptions): number | string {
    return this.#call(this.enterCall(options).invocation.args as readonly number[])
  }

  /** io_uring_register: what it returned, or its errno. */
  register(operation: number, argument: Pointer = NULL, count = 0): number | string {
    return this.#call([callNumber('io_uring_register'), this.fd, operation, argument, count])
  }

  /** Idempotent. The ring must not be used afterwards: its memory is gone. */
  close(): void {
    this.#memory.close()
    this.#fd.close()
  }

  #call(args: readonly number[]): number | string {
    const [number = 0, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args
    const result = this.#libc.fn.syscall(number, a, b, c, d, e, f)
    return result === -1 ? ringErrno(this.#libc.errno()) : result
  }

  #write(at: number, { fd = -1, ...fields }: SqeFields): void {
    for (let i = 0; i < SQE.size; i += 8) this.#sqes.setBigUint64(at + i, 0n, true)
    for (const [name, value] of Object.entries({ fd, ...fields }) as [SqeField, number | bigint][]) {
      this.#writeField(at + SQE.offsets[name], widthOf(name), BigInt(value))
    }
  }

  #writeField(offset: number, width: number, value: bigint): void {
    const bits = BigInt.asUintN(8 * width, value)
    for (let i = 0; i < width; i++) this.#sqes.setUint8(offset + i, Number((bits >> BigInt(8 * i)) & 0xffn))
  }
}

/** The number of a call, or one that no kernel has where the architecture is not known: then there is no ring either. */
export const callNumber = (name: keyof SyscallNumbers): number => syscallNumbers()?.[name] ?? -1

/** How wide a field of a request is: as far as the next one, or 8 bytes. */
function widthOf(name: SqeField): number {
  const here = SQE.offsets[name]
  return Math.min(8, ...Object.values(SQE.offsets).map((offset) => (offset > here ? offset - here : 8)))
}

/** How many entries a queue holds: its counters count on beyond 32 bits. */
function distance({ counters, head, tail }: RingMemory['sq']): number {
  return (Atomics.load(counters, tail) - Atomics.load(counters, head)) >>> 0
}
