/**
 * The asynchronous I/O of Linux, as far as it concerns readiness: what has been read tells an eventfd of it. Everything
 * that can be read so is in memory, so a request has ended when it is submitted.
 */
import { constants as osConstants } from 'node:os'
import { UnsupportedError } from '../../../errors.ts'
import { IOCB } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import type { Pointer } from '../../../libc/signatures.ts'
import { EventCounter } from '../files/event-counter.ts'
import { MemoryFile } from '../files/memory-file.ts'
import type { Kernel } from '../kernel.ts'

const { EBADF, EFAULT, EINVAL } = osConstants.errno
const REQUEST = layouts.iocb
const EVENT = layouts.io_event

/** A request that has ended, and nobody has asked for. */
interface Completion {
  readonly data: bigint
  readonly request: bigint
  readonly result: number
}

export class AsynchronousCalls {
  readonly #kernel: Kernel
  readonly #contexts = new Map<number, Completion[]>()
  #last = 0

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** io_setup(2). */
  setup(most: number, context: Pointer): number {
    const view = this.#kernel.memory.view(context, 8, 'writes')
    if (view === undefined) return -EFAULT
    if (most <= 0 || view.getBigUint64(0, true) !== 0n) return -EINVAL
    this.#contexts.set(++this.#last, [])
    view.setBigUint64(0, BigInt(this.#last), true)
    return 0
  }

  /** io_submit(2): how many requests were taken. */
  submit(context: number, count: number, requests: Pointer): number {
    const completions = this.#contexts.get(context)
    if (completions === undefined || count < 0) return -EINVAL
    for (let i = 0; i < count; i++) {
      const address = this.#kernel.memory.view((requests + 8 * i) as Pointer, 8, 'reads')
      const error = address === undefined ? -EFAULT : this.#take(address.getBigUint64(0, true), completions)
      if (error !== 0) return i > 0 ? i : error
    }
    return count
  }

  #take(address: bigint, completions: Completion[]): number {
    const { memory } = this.#kernel
    const view = memory.view(Number(address) as Pointer, REQUEST.size, 'reads')
    if (view === undefined) return -EFAULT
    const { opcode, fd, buf, nbytes, offset, flags, resfd, data } = REQUEST.offsets
    const file = this.#kernel.file(view.getUint32(fd, true))
    if (file === undefined) return -EBADF
    if (view.getUint16(opcode, true) !== IOCB.CMD_PREAD || !(file instanceof MemoryFile)) {
      throw new UnsupportedError('io_submit', 'userspace reads nothing but files in memory so')
    }
    const isTold = (view.getUint32(flags, true) & IOCB.FLAG_RESFD) !== 0
    const told = isTold ? this.#kernel.file(view.getUint32(resfd, true)) : undefined
    if (isTold && told === undefined) return -EBADF
    if (isTold && !(told instanceof EventCounter)) return -EINVAL
    const length = Number(view.getBigUint64(nbytes, true))
    const into = memory.bytes(Number(view.getBigUint64(buf, true)) as Pointer, length, 'writes')
    const result = file.readAt(Number(view.getBigInt64(offset, true)), into, length)
    completions.push({ data: view.getBigUint64(data, true), request: address, result })
    if (told instanceof EventCounter) told.add()
    return 0
  }

  /** io_getevents(2). Nothing is on its way, so there is nothing to wait for. */
  events(context: number, most: number, events: Pointer): number {
    const completions = this.#contexts.get(context)
    if (completions === undefined || most < 0) return -EINVAL
    const count = Math.min(most, completions.length)
    const view = this.#kernel.memory.view(events, count * EVENT.size, 'writes')
    if (view === undefined) return count === 0 ? 0 : -EFAULT
    for (const [i, { data, request, result }] of completions.splice(0, count).entries()) {
      const at = i * EVENT.size
      view.setBigUint64(at + EVENT.offsets.data, data, true)
      view.setBigUint64(at + EVENT.offsets.obj, request, true)
      view.setBigInt64(at + EVENT.offsets.res, BigInt(result), true)
      view.setBigInt64(at + EVENT.offsets.res2, 0n, true)
    }
    return count
  }

  /** io_destroy(2). */
  destroy(context: number): number {
    return this.#contexts.delete(context) ? 0 : -EINVAL
  }
}
