/** The calls that read, write, change and close descriptors, as C calls them. */
import { constants as osConstants } from 'node:os'
import { UnsupportedError } from '../../../errors.ts'
import { F, FD_CLOEXEC, FIONREAD, MSG, O, SO, SOL_SOCKET } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import type { Functions, Pointer } from '../../../libc/signatures.ts'
import type { OpenFile } from '../files/open-file.ts'
import { MemoryFile } from '../files/memory-file.ts'
import { PipeEnd } from '../files/pipe.ts'
import { UnixSocket } from '../files/unix-socket.ts'
import type { Kernel } from '../kernel.ts'
import type { UserMemory } from '../user-memory.ts'
import { messageCalls } from './messages.ts'
import { movingCalls } from './moving.ts'
import type { Returner } from './waiting.ts'

const { EAGAIN, EBADF, EDEADLK, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK, ENOTTY, ESPIPE } = osConstants.errno
const IOVEC = layouts.iovec
/** <linux/close_range.h> */
const CLOSE_RANGE_UNSHARE = 2
const CLOSE_RANGE_CLOEXEC = 4

type Transfer = (file: OpenFile) => number

/**
 * Makes a transfer, and waits for what it needs unless the descriptor, or the call, does not want that. Who waits for
 * room waits until all `bytes` have some, which nobody else will make: then it is a deadlock, with a part moved already.
 */
export type Transferring = (
  fd: number,
  move: Transfer,
  how?: { readonly dontWait?: boolean; readonly bytes?: number },
) => number

export function usingCalls(kernel: Kernel, returned: Returner): Partial<Functions> {
  const { memory } = kernel
  const transfer: Transferring = (fd, move, { dontWait = false, bytes = 0 } = {}) => {
    const file = kernel.file(fd)
    if (file === undefined) return returned(-EBADF)
    if (file.nonblocking || dontWait) return returned(move(file))
    let moved = 0
    const result = kernel.patiently(null, () => {
      moved = move(file)
      // A transfer of nothing is one, but who waits takes 0 for nothing yet.
      return moved === -EAGAIN ? 0 : 1
    })
    if (result < 0) return returned(result)
    return returned(moved >= 0 && moved < bytes ? -EDEADLK : moved)
  }
  const ofSocket = (fd: number, act: (socket: UnixSocket) => number): number => {
    const file = kernel.file(fd)
    if (file === undefined) return returned(-EBADF)
    return returned(file instanceof UnixSocket ? act(file) : -ENOTSOCK)
  }
  const seek = (fd: number): number => {
    const file = kernel.file(fd)
    if (file instanceof MemoryFile)
      throw new UnsupportedError('seeking', 'userspace reads files from their beginning')
    return returned(file === undefined ? -EBADF : -ESPIPE)
  }
  return {
    read: (fd, into, length) =>
      transfer(fd, (file) => file.read(memory.bytes(into, length, 'writes'), length)),
    write: (fd, from, length) =>
      transfer(fd, (file) => file.write(memory.bytes(from, length, 'reads'), length), { bytes: length }),
    readv: (fd, vector, count) => transfer(fd, (file) => eachPiece(memory, vector, count, file, 'read')),
    writev: (fd, vector, count) => transfer(fd, (file) => eachPiece(memory, vector, count, file, 'write')),
    pread: seek,
    pwrite: seek,
    lseek: seek,
    recv(fd, into, length, flags) {
      const file = kernel.file(fd)
      if (!(file instanceof UnixSocket)) return returned(file === undefined ? -EBADF : -ENOTSOCK)
      const receive = (): number =>
        file.refuses(flags) || file.receive(memory.bytes(into, length, 'writes'), length, flags)
      return transfer(fd, receive, { dontWait: (flags & MSG.DONTWAIT) !== 0 })
    },
    send(fd, from, length, flags) {
      const file = kernel.file(fd)
      if (!(file instanceof UnixSocket)) return returned(file === undefined ? -EBADF : -ENOTSOCK)
      const send = (): number => file.refuses(flags) || file.send(memory.bytes(from, length, 'reads'), length)
      return transfer(fd, send, { dontWait: (flags & MSG.DONTWAIT) !== 0, bytes: length })
    },
    ...messageCalls(kernel, transfer),
    ...movingCalls(kernel, transfer),
    shutdown: (fd, how) => ofSocket(fd, (socket) => socket.shutdown(how)),
    getsockopt: (fd, level, option, value, length) =>
      ofSocket(fd, (socket) => {
        if (level !== SOL_SOCKET || option !== SO.ERROR) return -ENOPROTOOPT
        const [view, size] = [memory.view(value, 4, 'writes'), memory.view(length, 4, 'writes')]
        if (view === undefined || size === undefined) return -EFAULT
        view.setInt32(0, socket.takeError(), true)
        size.setInt32(0, 4, true)
        return 0
      }),
    setsockopt: (fd, level, option, value) =>
      ofSocket(fd, (socket) => {
        if (level !== SOL_SOCKET || option !== SO.SNDBUF) return -ENOPROTOOPT
        const view = memory.view(value, 4, 'reads')
        if (view === undefined) return -EFAULT
        socket.setSendBuffer(view.getInt32(0, true))
        return 0
      }),
    close: (fd) => returned(kernel.close(fd)),
    close_range(first, last, flags) {
      // CLOSE_RANGE_UNSHARE changes nothing where there is one process.
      if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) !== 0) return returned(-EINVAL)
      return returned(kernel.closeRange(first, last >>> 0, (flags & CLOSE_RANGE_CLOEXEC) !== 0))
    },
    dup(fd) {
      const file = kernel.file(fd)
      return returned(file === undefined ? -EBADF : kernel.install(file, false))
    },
    dup2: (from, to) =>
      from === to && kernel.file(from) !== undefined ? to : returned(kernel.duplicateTo(from, to, false)),
    dup3: (from, to, flags) =>
      returned(
        from === to || (flags & ~O.CLOEXEC) !== 0
          ? -EINVAL
          : kernel.duplicateTo(from, to, (flags & O.CLOEXEC) !== 0),
      ),
    fcntl: (fd, command, argument) => returned(control(kernel, fd, command, argument)),
    ioctl(fd, request, argument) {
      const file = kernel.file(fd)
      if (file === undefined) return returned(-EBADF)
      if (request !== FIONREAD) return returned(-ENOTTY)
      const readable = file.readable()
      if (readable < 0) return returned(readable)
      const view = memory.view(argument, 4, 'writes')
      view?.setInt32(0, readable, true)
      return returned(view === undefined ? -EFAULT : 0)
    },
  }
}

function control(kernel: Kernel, fd: number, command: number, argument: number): number {
  const descriptor = kernel.descriptor(fd)
  if (descriptor === undefined) return -EBADF
  const { file } = descriptor
  switch (command) {
    case F.GETFD:
      return descriptor.closeOnExec ? FD_CLOEXEC : 0
    case F.SETFD:
      descriptor.closeOnExec = (argument & FD_CLOEXEC) !== 0
      return 0
    case F.GETFL:
      return file.accessMode | (file.nonblocking ? O.NONBLOCK : 0)
    case F.SETFL:
      file.nonblocking = (argument & O.NONBLOCK) !== 0
      return 0
    case F.DUPFD_CLOEXEC:
      return argument < 0 || argument >= kernel.limit ? -EINVAL : kernel.install(file, true, argument)
    case F.GETPIPE_SZ:
      return file instanceof PipeEnd ? file.size : -EBADF
    case F.SETPIPE_SZ:
      return file instanceof PipeEnd ? file.resize(argument) : -EBADF
    default:
      return -EINVAL
  }
}

/** readv and writev: piece after piece, until one is not moved whole. */
function eachPiece(
  memory: UserMemory,
  vector: Pointer,
  count: number,
  file: OpenFile,
  how: 'read' | 'write',
): number {
  const view = memory.view(vector, count * IOVEC.size, 'reads')
  if (view === undefined) return count === 0 ? 0 : -EFAULT
  let total = 0
  for (let i = 0; i < count; i++) {
    const at = i * IOVEC.size
    const address = Number(view.getBigUint64(at + IOVEC.offsets.base, true)) as Pointer
    const length = Number(view.getBigUint64(at + IOVEC.offsets.len, true))
    const moved = file[how](memory.bytes(address, length, how === 'read' ? 'writes' : 'reads'), length)
    if (moved < 0) return total > 0 ? total : moved
    total += moved
    if (moved < length) break
  }
  return total
}
