/** The calls that move data between pipes, as C calls them. */
import { constants as osConstants } from 'node:os'
import { UnsupportedError } from '../../../errors.ts'
import { layouts } from '../../../libc/layouts.ts'
import { NULL } from '../../../libc/signatures.ts'
import type { Functions, Pointer } from '../../../libc/signatures.ts'
import { addPages, splice, tee } from '../files/moving.ts'
import { PipeEnd } from '../files/pipe.ts'
import type { Kernel } from '../kernel.ts'
import type { Transferring } from './using.ts'

const { EBADF, EFAULT, ESPIPE } = osConstants.errno
const IOVEC = layouts.iovec
/** SPLICE_F_NONBLOCK. */
const DONT_WAIT = 2

export function movingCalls(kernel: Kernel, transfer: Transferring): Partial<Functions> {
  const { memory } = kernel
  const between = (
    call: string,
    from: number,
    to: number,
    flags: number,
    move: typeof splice,
    length: number,
  ) =>
    transfer(
      from,
      (source) => {
        const target = kernel.file(to)
        if (target === undefined) return -EBADF
        return move(pipeEnd(call, source), pipeEnd(call, target), length)
      },
      { dontWait: (flags & DONT_WAIT) !== 0 || kernel.file(to)?.nonblocking === true },
    )
  return {
    splice(from, fromAt, to, toAt, length, flags) {
      const isAt = fromAt !== NULL || toAt !== NULL
      return between('splice', from, to, flags, isAt ? () => -ESPIPE : splice, length)
    },
    tee: (from, to, length, flags) => between('tee', from, to, flags, tee, length),
    vmsplice(fd, vector, count, flags) {
      if (count !== 1) throw new UnsupportedError('vmsplice', 'userspace takes one piece at a time')
      const put = (file: Parameters<typeof pipeEnd>[1]): number => {
        const view = memory.view(vector, IOVEC.size, 'reads')
        if (view === undefined) return -EFAULT
        const address = Number(view.getBigUint64(IOVEC.offsets.base, true)) as Pointer
        const bytes = memory.bytes(address, Number(view.getBigUint64(IOVEC.offsets.len, true)), 'reads')
        return bytes === undefined ? -EFAULT : addPages(pipeEnd('vmsplice', file), address, bytes)
      }
      return transfer(fd, put, { dontWait: (flags & DONT_WAIT) !== 0 })
    },
  }
}

function pipeEnd(call: string, file: object): PipeEnd {
  if (file instanceof PipeEnd) return file
  throw new UnsupportedError(call, 'userspace moves data from pipes to pipes, and nowhere else')
}
