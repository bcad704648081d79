/**
 * A ring whose every field is at hand. A check does with it what no program would: it fills requests with what the
 * kernel must refuse, looks at the rings while the kernel uses them, and wants to know what each call returned.
 */
import { IORING_OFF, MAP, PROT } from '../../libc/constants/linux.ts'
import { OwnedFd } from '../../libc/fd.ts'
import { bytesAt } from '../../libc/ffi.ts'
import { layouts } from '../../libc/layouts.ts'
import { lastError, sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory, scratch } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import type { Invocation } from '../threads/job.ts'
import { ENTER, FEATURE, ringErrno, SETUP, SQ_STATE, SYS } from './abi.ts'
import type { SetupFlag, SqState } from './abi.ts'

const { io_uring_params: PARAMS, io_uring_sqe: SQE, io_uring_cqe: CQE } = layouts

/** What a ring is made with. Rings made alike can stand in for each other. */
export interface RingOptions {
  readonly entries: number
  readonly flags: readonly SetupFlag[]
  /** Room for completions. Default: twice the entries. */
  readonly completions?: number
}

/** Fields of a request, under their names in `struct io_uring_sqe`. Those left out are zero, but `fd`, which is -1. */
export type SqeFields = Readonly<
  Partial<Record<Exclude<keyof typeof SQE.offsets, 'user_data'>, number | bigint>> & { user_data?: bigint }
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
  readonly #mappings: { readonly address: Pointer; readonly length: number }[] = []
  readonly #sq: Int32Array
  readonly #cq: Int32Array
  readonly #sqes: DataView
  /** Requests that were written, and not published. */
  #written = 0

  /** Throws `SystemError` of io_uring_setup or mmap. */
  constructor(libc: Libc, options: RingOptions) {
    this.#libc = libc
    this.options = options
    const { completions } = options
    const flags = options.flags.reduce((bits, flag) => bits | SETUP[flag], 0)
    const { view } = this.#params
    view.setUint32(PARAMS.offsets.flags, flags | (completions === undefined ? 0 : SETUP.CQSIZE), true)
    view.setUint32(PARAMS.offsets.cq_entries, completions ?? 0, true)
    view.setUint32(PARAMS.offsets.sq_thread_idle, SQ_IDLE_MS, true)
    const fd = libc.fn.syscall(SYS.setup, options.entries, this.#params.address, 0, 0, 0, 0)
    if (fd === -1) throw lastError(libc, 'io_uring_setup')
    this.#fd = new OwnedFd(libc, fd)
    try {
      const sqBytes = this.param('sq_array') + 4 * this.param('sq_entries')
      const cqBytes = this.param('cq_cqes') + CQE.size * this.param('cq_entries')
      const shared = this.hasFeature('SINGLE_MMAP')
      this.#sq = wordsOf(this.#map(shared ? Math.max(sqBytes, cqBytes) : sqBytes, IORING_OFF.SQ_RING))
      this.#cq = shared ? this.#sq : wordsOf(this.#map(cqBytes, IORING_OFF.CQ_RING))
      const sqes = this.#map(SQE.size * this.param('sq_entries'), IORING_OFF.SQES)
      this.#sqes = new DataView(sqes.buffer, sqes.byteOffset, sqes.byteLength)
    } catch (error) {
      this.close()
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
    return this.#params.view.getUint32(PARAMS.offsets[name], true)
  }

  hasFeature(name: keyof typeof FEATURE): boolean {
    return (this.param('features') & FEATURE[name]) !== 0
  }

  /** Whether the kernel has set a flag of the submission ring. */
  hasState(name: SqState): boolean {
    return (Atomics.load(this.#sq, this.param('sq_flags') >> 2) & SQ_STATE[name]) !== 0
  }

  /** How many requests are in the ring, whether the kernel may see them or not. */
  get pending(): number {
    return this.#written + distance(this.#load(this.#sq, 'sq_head'), this.#load(this.#sq, 'sq_tail'))
  }

  /** How many completions are there to be taken. */
  get ready(): number {
    return distance(this.#load(this.#cq, 'cq_head'), this.#load(this.#cq, 'cq_tail'))
  }

  /** Writes a request into the ring, which the kernel does not see before `publish`. */
  push(fields: SqeFields): void {
    if (this.pending >= this.param('sq_entries'))
      throw new TypeError('the ring has no room for another request')
    const index = (this.#load(this.#sq, 'sq_tail') + this.#written) & this.#load(this.#sq, 'sq_ring_mask')
    this.#write(index * SQE.size, fields)
    Atomics.store(this.#sq, (this.param('sq_array') >> 2) + index, index)
    this.#written++
  }

  /** Shows the kernel all that was written, at once: with SQPOLL it takes it before it is told to. */
  publish(): void {
    const tail = this.#load(this.#sq, 'sq_tail')
    Atomics.store(this.#sq, this.param('sq_tail') >> 2, (tail + this.#written) | 0)
    this.#written = 0
  }

  /** Takes all completions that are there, without a system call. */
  take(): Cqe[] {
    const found: Cqe[] = []
    for (; this.ready > 0;) {
      const head = this.#load(this.#cq, 'cq_head')
      const at = (this.param('cq_cqes') + (head & this.#load(this.#cq, 'cq_ring_mask')) * CQE.size) >> 2
      const word = (offset: number): number => Atomics.load(this.#cq, at + (offset >> 2))
      const low = BigInt(word(CQE.offsets.user_data) >>> 0)
      const high = BigInt(word(CQE.offsets.user_data + 4) >>> 0)
      found.push({
        data: (high << 32n) | low,
        result: word(CQE.offsets.res),
        flags: word(CQE.offsets.flags) >>> 0,
      })
      Atomics.store(this.#cq, this.param('cq_head') >> 2, (head + 1) | 0)
    }
    return found
  }

  /** The call of io_uring_enter, for this thread or another, and the memory that it needs. */
  enterCall(options: EnterOptions): { readonly invocation: Invocation; readonly memory: readonly Memory[] } {
    const { submit = 0, least, timeoutMs } = options
    const flags = (options.flags ?? 0) | (least === undefined ? 0 : ENTER.GETEVENTS)
    const head = [SYS.enter, this.fd, submit, least ?? 0]
    if (timeoutMs === undefined)
      return { invocation: { fn: 'syscall', args: [...head, flags, NULL, 0] }, memory: [] }
    const [argument, time] = [scratch(GETEVENTS_ARG_BYTES), timeMemory(timeoutMs)]
    argument.view.setBigUint64(GETEVENTS_ARG_TIME, BigInt(time.address), true)
    const args = [...head, flags | ENTER.EXT_ARG, argument.address, GETEVENTS_ARG_BYTES]
    return { invocation: { fn: 'syscall', args }, memory: [argument, time] }
  }

  /** io_uring_enter: what it returned, or its errno. */
  enter(options: EnterOptions): number | string {
    return this.#call(this.enterCall(options).invocation.args as readonly number[])
  }

  /** io_uring_register: what it returned, or its errno. */
  register(operation: number, argument: Pointer = NULL, count = 0): number | string {
    return this.#call([SYS.register, this.fd, operation, argument, count])
  }

  /** Idempotent. The ring must not be used afterwards: its memory is gone. */
  close(): void {
    for (const { address, length } of this.#mappings.splice(0)) this.#libc.fn.munmap(address, length)
    this.#fd.close()
  }

  #call(args: readonly number[]): number | string {
    const [number = 0, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args
    const result = this.#libc.fn.syscall(number, a, b, c, d, e, f)
    return result === -1 ? ringErrno(this.#libc.errno()) : result
  }

  #load(ring: Int32Array, name: keyof typeof PARAMS.offsets): number {
    return Atomics.load(ring, this.param(name) >> 2)
  }

  #map(length: number, offset: number): Uint8Array {
    const flags = MAP.SHARED | MAP.POPULATE
    const address = sys(this.#libc, 'mmap', NULL, length, PROT.READ | PROT.WRITE, flags, this.fd, offset)
    this.#mappings.push({ address, length })
    return bytesAt(address, length)
  }

  #write(at: number, { fd = -1, ...fields }: SqeFields): void {
    for (let i = 0; i < SQE.size; i += 8) this.#sqes.setBigUint64(at + i, 0n, true)
    for (const [name, value] of Object.entries({ fd, ...fields })) {
      const offset = at + SQE.offsets[name as keyof typeof SQE.offsets]
      switch (widthOf(name as keyof typeof SQE.offsets)) {
        case 1:
          this.#sqes.setUint8(offset, Number(value))
          break
        case 2:
          this.#sqes.setUint16(offset, Number(value), true)
          break
        case 4:
          this.#sqes.setUint32(offset, Number(BigInt.asUintN(32, BigInt(value))), true)
          break
        default:
          this.#sqes.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true)
      }
    }
  }
}

/** `struct io_uring_getevents_arg`: a signal mask, its size, and a timeout, which stands at its end. */
const GETEVENTS_ARG_BYTES = 24
const GETEVENTS_ARG_TIME = 16

/** `struct __kernel_timespec` of a time. */
export function timeMemory(ms: number): Memory {
  const time = scratch(16)
  time.view.setBigInt64(0, BigInt(Math.floor(ms / 1000)), true)
  time.view.setBigInt64(8, BigInt(Math.round((ms % 1000) * 1e6)), true)
  return time
}

/** How wide a field of a request is: as far as the next one, or 8 bytes. */
function widthOf(name: keyof typeof SQE.offsets): number {
  const here = SQE.offsets[name]
  return Math.min(8, ...Object.values(SQE.offsets).map((offset) => (offset > here ? offset - here : 8)))
}

const wordsOf = (bytes: Uint8Array): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)

/** From one index of a ring to another: they count on beyond 32 bits. */
const distance = (from: number, to: number): number => (to - from) >>> 0
