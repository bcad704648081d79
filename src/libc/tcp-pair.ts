import { AF, F, INADDR_LOOPBACK, IPPROTO_TCP, O, SOCK, TCP_NODELAY } from './constants/linux.ts'
import { OwnedFd } from './fd.ts'
import { layouts } from './layouts.ts'
import { sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'
import { NULL } from './signatures.ts'

const address = layouts.sockaddr_in

/**
 * Two ends of a TCP connection over loopback, non-blocking, close-on-exec, without Nagle's delay. The address
 * stays in native memory from `bind` to `connect`, so that what was recorded connects to its own port. Throws
 * `SystemError`, and leaves nothing open, where there is no loopback or no descriptor.
 */
export function openTcpPair(libc: Libc): [client: OwnedFd, server: OwnedFd] {
  const name = new Memory(address.size)
  const length = new Memory(4)
  name.view.setUint16(address.offsets.family, AF.INET, true)
  // Network byte order; port 0 lets the kernel choose.
  name.view.setUint32(address.offsets.addr, INADDR_LOOPBACK)
  length.view.setUint32(0, address.size, true)
  using listener = openSocket(libc)
  sys(libc, 'bind', listener.fd, name.address, address.size)
  sys(libc, 'listen', listener.fd, 1)
  sys(libc, 'getsockname', listener.fd, name.address, length.address)
  const client = openSocket(libc)
  try {
    // It blocks until the handshake is done, which does not wait for `accept`.
    sys(libc, 'connect', client.fd, name.address, address.size)
    const server = new OwnedFd(
      libc,
      sys(libc, 'accept4', listener.fd, NULL, NULL, SOCK.NONBLOCK | SOCK.CLOEXEC),
    )
    try {
      sys(libc, 'fcntl', client.fd, F.SETFL, O.NONBLOCK)
      for (const { fd } of [client, server]) noDelay(libc, fd)
      return [client, server]
    } catch (error) {
      server.close()
      throw error
    }
  } catch (error) {
    client.close()
    throw error
  }
}

function openSocket(libc: Libc): OwnedFd {
  return new OwnedFd(libc, sys(libc, 'socket', AF.INET, SOCK.STREAM | SOCK.CLOEXEC, 0))
}

function noDelay(libc: Libc, fd: number): void {
  const one = new Memory(4)
  one.view.setInt32(0, 1, true)
  sys(libc, 'setsockopt', fd, IPPROTO_TCP, TCP_NODELAY, one.address, 4)
}
