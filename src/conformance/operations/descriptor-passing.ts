import { MSG, SCM_RIGHTS, SOL_SOCKET } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { scratch } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import type { Outcome } from './native.ts'

/** One byte of data, without which no descriptor travels, and room for a control message with one descriptor. */
class DescriptorMessage {
  readonly header = scratch(layouts.msghdr.size)
  readonly control: Memory
  readonly #vector = scratch(layouts.iovec.size)
  readonly #byte = scratch(1)

  constructor() {
    // CMSG_SPACE(sizeof(int)): header and data, each padded to 8 bytes.
    this.control = scratch(layouts.cmsghdr.size + 8)
    this.#vector.view.setBigUint64(layouts.iovec.offsets.base, BigInt(this.#byte.address), true)
    this.#vector.view.setBigUint64(layouts.iovec.offsets.len, 1n, true)
    const { offsets } = layouts.msghdr
    this.header.view.setBigUint64(offsets.iov, BigInt(this.#vector.address), true)
    this.header.view.setBigUint64(offsets.iovlen, 1n, true)
    this.header.view.setBigUint64(offsets.control, BigInt(this.control.address), true)
    this.header.view.setBigUint64(offsets.controllen, BigInt(layouts.cmsghdr.size + 8), true)
  }
}

/** Sends a descriptor through a unix socket, and says what the call returned. */
export function sendDescriptor(libc: Libc, socket: number, fd: number): Outcome {
  const message = new DescriptorMessage()
  const { size, offsets } = layouts.cmsghdr
  const { view } = message.control
  view.setBigUint64(offsets.len, BigInt(size + 4), true)
  view.setInt32(offsets.level, SOL_SOCKET, true)
  view.setInt32(offsets.type, SCM_RIGHTS, true)
  view.setInt32(size, fd, true)
  const result = libc.fn.sendmsg(socket, message.header.address, 0)
  return { result, errno: result === -1 ? libc.errno() : 0, elapsedNs: 0 }
}

/** Receives a message from a unix socket; undefined if no descriptor came with it. */
export function receiveDescriptor(libc: Libc, socket: number): number | undefined {
  const message = new DescriptorMessage()
  sys(libc, 'recvmsg', socket, message.header.address, MSG.CMSG_CLOEXEC)
  const { size, offsets } = layouts.cmsghdr
  const { view } = message.control
  const length = message.header.view.getBigUint64(layouts.msghdr.offsets.controllen, true)
  const isRights =
    length >= BigInt(size + 4) &&
    view.getInt32(offsets.level, true) === SOL_SOCKET &&
    view.getInt32(offsets.type, true) === SCM_RIGHTS
  return isRights ? view.getInt32(size, true) : undefined
}
