/** NOTE_LOWAT: sockets that are ready only when there is enough to do. See kqueue(2), EVFILT_READ and EVFILT_WRITE. */
import { UnsupportedError } from '../../errors.ts'
import { errnoName } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { IPPROTO_TCP, SO, SOL_SOCKET } from '../../libc/constants/linux.ts'
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
 * Throws `UnsupportedError` where it would be accepted and not heeded: for what is no socket, and with libkqueue for
 * EVFILT_WRITE and for sockets of other protocols than TCP. Throws RangeError unless it is a whole number of bytes, from
 * 1 on, that a C int can hold. The kqueue refuses a descriptor that is not open: EBADF.
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
  const reason = unheeded(libc, abi, fd)
  if (reason !== undefined) throw new UnsupportedError(feature, reason)
  return adding(abi, filter, fd, {
    ...options,
    flags: edge ? EV.CLEAR : 0,
    fflags: NOTE.LOWAT,
    data: BigInt(bytes),
  })
}

/**
 * Why the mark of a descriptor would not be heeded. One that is not open is left to the kqueue to refuse. Linux has
 * SO_RCVLOWAT, which libkqueue sets, for every socket, and its poll and epoll look at it for TCP (unix_poll does not).
 */
function unheeded(libc: Libc, abi: KqueueAbi, fd: number): string | undefined {
  const value = new Memory(8)
  const length = new Memory(8)
  length.view.setUint32(0, 4, true)
  const isLinux = abi.name === 'libkqueue'
  // What is no socket has no option, and says so.
  const option = isLinux ? SO.PROTOCOL : SO.RCVLOWAT
  if (libc.fn.getsockopt(fd, SOL_SOCKET, option, value.address, length.address) === -1) {
    return errnoName(libc.errno()) === 'ENOTSOCK' ? `descriptor ${fd} is no socket` : undefined
  }
  const isHeeded = !isLinux || value.view.getInt32(0, true) === IPPROTO_TCP
  return isHeeded ? undefined : `libkqueue heeds that of no socket but of TCP, which descriptor ${fd} is not`
}
