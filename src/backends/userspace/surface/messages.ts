/** sendmsg(2) and recvmsg(2), as C calls them, with the descriptors that travel so. */
import { constants as osConstants } from 'node:os'
import { UnsupportedError } from '../../../errors.ts'
import { MSG, SCM_RIGHTS, SOL_SOCKET } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import type { Functions, Pointer } from '../../../libc/signatures.ts'
import type { Bytes, OpenFile } from '../files/open-file.ts'
import { Rights } from '../files/rights.ts'
import { UnixSocket } from '../files/unix-socket.ts'
import type { Receipt } from '../files/unix-socket.ts'
import type { Kernel } from '../kernel.ts'
import type { Transferring } from './using.ts'

const { EBADF, EFAULT, EINVAL, ENOTSOCK } = osConstants.errno
const HEADER = layouts.msghdr
const IOVEC = layouts.iovec
const CONTROL = layouts.cmsghdr
const FD_SIZE = 4
/** MSG_CTRUNC: there was no room for all that came with a message. MSG_TRUNC: nor for all of the message itself. */
const CONTROL_TRUNCATED = 8
const TRUNCATED = 0x20

/** What a header names: its bytes, piece by piece, and its control messages. */
interface Header {
  readonly view: DataView
  readonly pieces: readonly (readonly [Pointer, number])[]
  readonly control: Pointer
  readonly controlLength: number
}

/** A call on a socket, with what its header names. */
type Move = (kernel: Kernel, socket: UnixSocket, header: Header, flags: number) => number

/** `transfer`: makes a call on a descriptor, and waits for what it needs unless that is not wanted. */
export function messageCalls(kernel: Kernel, transfer: Transferring): Partial<Functions> {
  const onSocket = (fd: number, address: Pointer, flags: number, move: Move): number => {
    const attempt = (file: OpenFile): number => {
      if (!(file instanceof UnixSocket)) return -ENOTSOCK
      const header = headerAt(kernel, address)
      if (header === undefined) return -EFAULT
      return file.refuses(flags & ~MSG.CMSG_CLOEXEC) || move(kernel, file, header, flags)
    }
    return transfer(fd, attempt, { dontWait: (flags & MSG.DONTWAIT) !== 0 })
  }
  return {
    sendmsg: (fd, header, flags) => onSocket(fd, header, flags, sendMessage),
    recvmsg: (fd, header, flags) => onSocket(fd, header, flags, receiveMessage),
  }
}

function headerAt({ memory }: Kernel, address: Pointer): Header | undefined {
  const view = memory.view(address, HEADER.size, 'writes')
  if (view === undefined) return undefined
  const at = (offset: number): number => Number(view.getBigUint64(offset, true))
  const count = at(HEADER.offsets.iovlen)
  const vector = memory.view(at(HEADER.offsets.iov) as Pointer, count * IOVEC.size, 'reads')
  if (vector === undefined && count > 0) return undefined
  const pieces = Array.from({ length: count }, (_, i) => {
    const base = vector?.getBigUint64(i * IOVEC.size + IOVEC.offsets.base, true) ?? 0n
    const length = vector?.getBigUint64(i * IOVEC.size + IOVEC.offsets.len, true) ?? 0n
    return [Number(base) as Pointer, Number(length)] as const
  })
  return {
    view,
    pieces,
    control: at(HEADER.offsets.control) as Pointer,
    controlLength: at(HEADER.offsets.controllen),
  }
}

const sum = (pieces: Header['pieces']): number => pieces.reduce((all, [, length]) => all + length, 0)

function sendMessage(kernel: Kernel, socket: UnixSocket, header: Header): number {
  const length = sum(header.pieces)
  const rights = rightsIn(kernel, header)
  if (typeof rights === 'number') return rights
  const sent = socket.send(gathered(kernel, header.pieces, length), length, rights)
  // What was not sent does not travel.
  if (rights !== undefined && !(sent > 0 || (sent === 0 && socket.keepsEmpty))) rights.end()
  return sent
}

function gathered({ memory }: Kernel, pieces: Header['pieces'], length: number): Bytes {
  const all = new Uint8Array(length)
  let at = 0
  for (const [address, size] of pieces) {
    const bytes = memory.bytes(address, size, 'reads')
    if (bytes === undefined) return undefined
    all.set(bytes, at)
    at += size
  }
  return all
}

/** The descriptors that a control message gives away, or the negative errno. */
function rightsIn(kernel: Kernel, { control, controlLength }: Header): Rights | number | undefined {
  if (controlLength === 0) return undefined
  const view = kernel.memory.view(control, controlLength, 'reads')
  if (view === undefined) return -EFAULT
  if (controlLength < CONTROL.size) return undefined
  const length = Number(view.getBigUint64(CONTROL.offsets.len, true))
  if (length < CONTROL.size || length > controlLength) return -EINVAL
  const isOfSocket = view.getInt32(CONTROL.offsets.level, true) === SOL_SOCKET
  if (!isOfSocket || view.getInt32(CONTROL.offsets.type, true) !== SCM_RIGHTS) {
    throw new UnsupportedError('sendmsg', 'in userspace nothing but descriptors travels beside data')
  }
  const count = Math.floor((length - CONTROL.size) / FD_SIZE)
  const files = Array.from({ length: count }, (_, i) =>
    kernel.file(view.getInt32(CONTROL.size + i * FD_SIZE, true)),
  ).filter((file) => file !== undefined)
  if (files.length < count) return -EBADF
  if (files.some((file) => file instanceof UnixSocket)) {
    throw new UnsupportedError(
      'sendmsg',
      'userspace does not find sockets that are in each other and nowhere else',
    )
  }
  return new Rights(files, (file) => kernel.letGo(file))
}

function receiveMessage(kernel: Kernel, socket: UnixSocket, header: Header, flags: number): number {
  const length = sum(header.pieces)
  const receipt: Receipt = {}
  const whole = gathered(kernel, header.pieces, length)
  const result = socket.receive(whole, length, flags & ~MSG.CMSG_CLOEXEC, receipt)
  if (result < 0) return result
  if (whole !== undefined) scatter(kernel, header.pieces, whole.subarray(0, result))
  const { view } = header
  const { rights, truncated } = receipt
  view.setUint32(HEADER.offsets.namelen, 0, true)
  const count = rights === undefined ? 0 : install(kernel, rights, header, (flags & MSG.CMSG_CLOEXEC) !== 0)
  const used = count === 0 ? 0 : Math.min(space(count), header.controlLength)
  view.setBigUint64(HEADER.offsets.controllen, BigInt(used), true)
  const isCut = count < (rights?.files.length ?? 0)
  const told = (isCut ? CONTROL_TRUNCATED : 0) | (truncated === true ? TRUNCATED : 0)
  view.setInt32(HEADER.offsets.flags, told | (flags & MSG.CMSG_CLOEXEC), true)
  rights?.end()
  return result
}

function scatter({ memory }: Kernel, pieces: Header['pieces'], from: Uint8Array): void {
  let at = 0
  for (const [address, size] of pieces) {
    const part = from.subarray(at, at + size)
    memory.bytes(address, part.length, 'writes')?.set(part)
    at += part.length
  }
}

/** CMSG_SPACE of so many descriptors. */
const space = (count: number): number => CONTROL.size + Math.ceil((count * FD_SIZE) / 8) * 8

/** Gives as many descriptors as there is room for, and says how many. */
function install(kernel: Kernel, { files }: Rights, header: Header, closeOnExec: boolean): number {
  const { control, controlLength } = header
  const room = Math.max(0, Math.floor((controlLength - CONTROL.size) / FD_SIZE))
  const count = Math.min(files.length, room)
  const length = CONTROL.size + count * FD_SIZE
  const view = count === 0 ? undefined : kernel.memory.view(control, length, 'writes')
  if (view === undefined) return 0
  view.setBigUint64(CONTROL.offsets.len, BigInt(length), true)
  view.setInt32(CONTROL.offsets.level, SOL_SOCKET, true)
  view.setInt32(CONTROL.offsets.type, SCM_RIGHTS, true)
  for (const [i, file] of files.slice(0, count).entries()) {
    view.setInt32(CONTROL.size + i * FD_SIZE, kernel.install(file, closeOnExec), true)
  }
  return count
}
