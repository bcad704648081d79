import { RingError } from '../errors.ts'
import { IORING_FEAT, IORING_OFF, IORING_SETUP } from './constants/io-uring.ts'
import { MAP, PROT } from './constants/linux.ts'
import { bytesAt } from './ffi.ts'
import { layouts } from './layouts.ts'
import { sys } from './libc.ts'
import type { Libc } from './libc.ts'
import type { QueuePlace } from './shared-queue.ts'
import { NULL } from './signatures.ts'
import type { Pointer } from './signatures.ts'

const { io_uring_params: PARAMS, io_uring_sqe: SQE, io_uring_cqe: CQE } = layouts

type Param = keyof typeof PARAMS.offsets

/** A field of `struct io_uring_params` that io_uring_setup has filled in. */
export function paramOf(params: DataView, name: Param): number {
  return params.getUint32(PARAMS.offsets[name], true)
}

/** Memory that the kernel shares, in words of 32 bits. */
interface Mapping {
  readonly address: Pointer
  readonly words: Int32Array
}

/** The memory of a ring, mapped. It must be closed, and must not be looked at afterwards: that crashes the process. */
export class RingMemory {
  readonly #libc: Libc
  readonly #mappings: Mapping[] = []
  /** Where the two queues are. */
  readonly sq: QueuePlace
  readonly cq: QueuePlace
  /** Words that are no queue's: the flags of the submission queue, and the number of lost completions. */
  readonly sqFlags: number
  readonly cqOverflow: number

  /** `params`: as io_uring_setup has left them. Throws `SystemError` of mmap, and `RingError` where they cannot be. */
  constructor(libc: Libc, fd: number, params: DataView) {
    this.#libc = libc
    const param = (name: Param): number => paramOf(params, name)
    const [sqEntries, cqEntries] = [param('sq_entries'), param('cq_entries')]
    const hasOrder = (param('flags') & IORING_SETUP.NO_SQARRAY) === 0
    const counterBytes = 4 + Math.max(...sqCounters.map(param))
    const sqBytes = Math.max(counterBytes, hasOrder ? param('sq_array') + 4 * sqEntries : 0)
    const cqBytes = Math.max(4 + Math.max(...cqCounters.map(param)), param('cq_cqes') + CQE.size * cqEntries)
    try {
      const shared = (param('features') & IORING_FEAT.SINGLE_MMAP) !== 0
      const sq = this.#map(fd, shared ? Math.max(sqBytes, cqBytes) : sqBytes, IORING_OFF.SQ_RING)
      const cq = shared ? sq : this.#map(fd, cqBytes, IORING_OFF.CQ_RING)
      const sqes = this.#map(fd, SQE.size * sqEntries, IORING_OFF.SQES)
      this.sq = {
        ...queueIn(sq, wordOf(param('sq_head')), wordOf(param('sq_tail')), sqes, SQE.size, sqEntries),
        ...(hasOrder ? { order: partOf(sq, param('sq_array'), sqEntries) } : {}),
      }
      const cqes = partOf(cq, param('cq_cqes'), (CQE.size / 4) * cqEntries)
      this.cq = queueIn(cq, wordOf(param('cq_head')), wordOf(param('cq_tail')), cqes, CQE.size, cqEntries)
      this.sqFlags = wordOf(param('sq_flags'))
      this.cqOverflow = wordOf(param('cq_overflow'))
    } catch (error) {
      this.close()
      throw error
    }
  }

  #map(fd: number, length: number, offset: number): Mapping {
    const flags = MAP.SHARED | MAP.POPULATE
    const address = sys(this.#libc, 'mmap', NULL, length, PROT.READ | PROT.WRITE, flags, fd, offset)
    const bytes = bytesAt(address, length)
    const mapping = { address, words: new Int32Array(bytes.buffer, bytes.byteOffset, length >> 2) }
    this.#mappings.push(mapping)
    return mapping
  }

  close(): void {
    for (const { address, words } of this.#mappings.splice(0)) this.#libc.fn.munmap(address, 4 * words.length)
  }
}

const sqCounters = ['sq_head', 'sq_tail', 'sq_flags'] as const
const cqCounters = ['cq_head', 'cq_tail', 'cq_overflow'] as const

/** A byte offset as that of a word. */
function wordOf(offset: number): number {
  if (offset % 4 !== 0) throw new RingError(`offset ${offset} is not that of a word`)
  return offset / 4
}

function queueIn(
  counters: Mapping,
  head: number,
  tail: number,
  entries: Mapping,
  entryBytes: number,
  capacity: number,
): QueuePlace {
  return {
    counters: counters.words,
    countersAddress: counters.address,
    head,
    tail,
    entries: entries.words,
    entriesAddress: entries.address,
    entryWords: entryBytes / 4,
    capacity,
  }
}

function partOf({ address, words }: Mapping, offset: number, count: number): Mapping {
  const first = wordOf(offset)
  if (first + count > words.length) throw new RingError(`${count} words at ${offset} are not in the mapping`)
  return { address: (address + offset) as Pointer, words: words.subarray(first, first + count) }
}
