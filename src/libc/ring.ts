import { IORING_ENTER_GETEVENTS, IORING_FEAT_SINGLE_MMAP, IORING_OFF, MAP, PROT } from './constants/linux.ts'
import { OwnedFd } from './fd.ts'
import { bytesAt } from './ffi.ts'
import { layouts } from './layouts.ts'
import { sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'
import { NULL } from './signatures.ts'
import type { Pointer } from './signatures.ts'
import { rawSyscall } from './syscall.ts'

const { io_uring_params: PARAMS, io_uring_sqe: SQE, io_uring_cqe: CQE } = layouts

/** A request: the fields of `struct io_uring_sqe` that are not zero, under their names there. */
export interface Submission {
  readonly opcode: number
  /** Default: -1. */
  readonly fd?: number
  readonly addr?: Pointer
  readonly len?: number
  /** The flags of the operation: the union of `poll32_events` and others. */
  readonly op_flags?: number
  readonly user_data?: number
}

/** What became of a request. `result` is not negative, or minus an errno. */
export interface Completion {
  readonly userData: number
  readonly result: number
  readonly flags: number
}

/**
 * A small io_uring, without liburing: set up by raw system calls, its rings mapped into memory. It is for one
 * thread, and for one request at a time. The kernel reads and writes the rings only inside `io_uring_enter`,
 * which this thread makes, so no memory barrier is needed.
 */
export class Ring implements Disposable {
  readonly #libc: Libc
  readonly #fd: OwnedFd
  readonly #params = new Memory(PARAMS.size)
  readonly #mappings: Mapping[] = []
  readonly #submissions: DataView
  readonly #completions: DataView
  readonly #entries: DataView

  /** Throws `SystemError` of io_uring_setup or mmap. */
  constructor(libc: Libc, entries: number) {
    this.#libc = libc
    this.#fd = new OwnedFd(libc, rawSyscall(libc, 'io_uring_setup', entries, this.#params.address))
    try {
      const sqBytes = this.#param('sq_array') + 4 * this.#param('sq_entries')
      const cqBytes = this.#param('cq_cqes') + CQE.size * this.#param('cq_entries')
      const shared = (this.#param('features') & IORING_FEAT_SINGLE_MMAP) !== 0
      this.#submissions = this.#map(shared ? Math.max(sqBytes, cqBytes) : sqBytes, IORING_OFF.SQ_RING)
      this.#completions = shared ? this.#submissions : this.#map(cqBytes, IORING_OFF.CQ_RING)
      this.#entries = this.#map(SQE.size * this.#param('sq_entries'), IORING_OFF.SQES)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Its descriptor, which can be waited for. The ring closes it. */
  get fd(): number {
    return this.#fd.fd
  }

  /** Hands a request to the kernel, and waits until `completions` of all requests are there. */
  submit(submission: Submission, completions: number): void {
    const tail = this.#submissions.getUint32(this.#param('sq_tail'), true)
    const index = tail & this.#submissions.getUint32(this.#param('sq_ring_mask'), true)
    this.#write(index * SQE.size, submission)
    this.#submissions.setUint32(this.#param('sq_array') + 4 * index, index, true)
    this.#submissions.setUint32(this.#param('sq_tail'), tail + 1, true)
    rawSyscall(this.#libc, 'io_uring_enter', this.#fd.fd, 1, completions, IORING_ENTER_GETEVENTS, NULL, 0)
  }

  /** Takes the next completion, or undefined if there is none. */
  take(): Completion | undefined {
    const ring = this.#completions
    const head = ring.getUint32(this.#param('cq_head'), true)
    if (head === ring.getUint32(this.#param('cq_tail'), true)) return undefined
    const index = head & ring.getUint32(this.#param('cq_ring_mask'), true)
    const at = this.#param('cq_cqes') + index * CQE.size
    const completion = {
      userData: Number(ring.getBigUint64(at + CQE.offsets.user_data, true)),
      result: ring.getInt32(at + CQE.offsets.res, true),
      flags: ring.getUint32(at + CQE.offsets.flags, true),
    }
    ring.setUint32(this.#param('cq_head'), head + 1, true)
    return completion
  }

  /** Idempotent. The ring must not be used afterwards: its memory is gone. */
  close(): void {
    for (const { address, length } of this.#mappings.splice(0)) this.#libc.fn.munmap(address, length)
    this.#fd.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #param(name: keyof typeof PARAMS.offsets): number {
    return this.#params.view.getUint32(PARAMS.offsets[name], true)
  }

  #map(length: number, offset: number): DataView {
    const flags = MAP.SHARED | MAP.POPULATE
    const address = sys(this.#libc, 'mmap', NULL, length, PROT.READ | PROT.WRITE, flags, this.#fd.fd, offset)
    this.#mappings.push({ address, length })
    const bytes = bytesAt(address, length)
    return new DataView(bytes.buffer, bytes.byteOffset, length)
  }

  #write(at: number, submission: Submission): void {
    const { offsets } = SQE
    const view = this.#entries
    for (let i = 0; i < SQE.size; i += 8) view.setBigUint64(at + i, 0n, true)
    view.setUint8(at + offsets.opcode, submission.opcode)
    view.setInt32(at + offsets.fd, submission.fd ?? -1, true)
    view.setBigUint64(at + offsets.addr, BigInt(submission.addr ?? 0), true)
    view.setUint32(at + offsets.len, submission.len ?? 0, true)
    view.setUint32(at + offsets.op_flags, submission.op_flags ?? 0, true)
    view.setBigUint64(at + offsets.user_data, BigInt(submission.user_data ?? 0), true)
  }
}

interface Mapping {
  readonly address: Pointer
  readonly length: number
}
