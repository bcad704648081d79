/** NOTE_LOWAT: sockets that are ready only when there is enough to do. See kqueue(2), EVFILT_READ and EVFILT_WRITE. */
import { UnsupportedError } from '../../errors.ts'
import { errnoName } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { SO, SOL_SOCKET } from '../../libc/constants/linux.ts'
import { EV, NOTE } from './abi.ts'
import type { KqueueAbi } from './abi.ts'
import { adding } from './registration.ts'
import type { Change, WatchOptions } from './registration.ts'

export interface LowWaterOptions extends WatchOptions {
  /** Reports each change once (EV_CLEAR), and not as long as it holds. Default: false. */
  readonly edge?: boolean
}

const MOST_BYTES = 2 ** 31 - 1

/**
 * The change that watches a socket, which is ready when so many bytes can be read, or fit. The end of the stream is
 * told at once. Where it is a library's, SO_RCVLOWAT of the socket is changed, which other readers see, until the
 * registration is deleted.
 *
 * Throws `UnsupportedError` where it would be accepted and not heeded: for what is no socket, and for EVFILT_WRITE of
 * libkqueue. Throws RangeError unless it is a whole number of bytes, from 1 on, that a C int can hold. The kqueue
 * refuses a descriptor that is not open: EBADF.
 */
export function lowWaterChange(
  libc: Libc,
  abi: KqueueAbi,
  filter: 'READ' | 'WRITE',
  fd: number,
  bytes: number,
  { edge = false, ...options }: LowWaterOptions = {},
): Change {
  const feature = `NOTE_LOWAT of EVFILT_${filter}`
  if (!abi.lowWater.includes(filter)) {
    throw new UnsupportedError(feature, `the kqueue of ${abi.name} does not heed it`)
  }
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > MOST_BYTES) {
    throw new RangeError(`a low-water mark is from 1 to ${MOST_BYTES} bytes, not ${bytes}`)
  }
  if (!mayBeSocket(libc, fd)) throw new UnsupportedError(feature, `descriptor ${fd} is no socket`)
  return adding(abi, filter, fd, {
    ...options,
    flags: edge ? EV.CLEAR : 0,
    fflags: NOTE.LOWAT,
    data: BigInt(bytes),
  })
}

/** Any option will do: what is no socket has none, and says so. */
function mayBeSocket(libc: Libc, fd: number): boolean {
  const value = new Memory(8)
  const length = new Memory(8)
  length.view.setUint32(0, 4, true)
  const result = libc.fn.getsockopt(fd, SOL_SOCKET, SO.RCVLOWAT, value.address, length.address)
  return result !== -1 || errnoName(libc.errno()) !== 'ENOTSOCK'
}
