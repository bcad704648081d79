import { AF, F, INADDR_LOOPBACK, IPPROTO_TCP, O, SOCK, TCP_NODELAY } from './constants/linux.ts'
import { OwnedFd } from './fd.ts'
import { layouts } from './layouts.ts'
import { sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'
import { NULL } from './signatures.ts'

const address = layouts.sockaddr_in

/** A port of loopback, as the kernel reads and writes it. Port 0 lets the kernel choose one. */
export function loopbackName(port = 0): Memory {
  const name = new Memory(address.size)
  name.view.setUint16(address.offsets.family, AF.INET, true)
  // Network byte order.
  name.view.setUint16(address.offsets.port, port)
  name.view.setUint32(address.offsets.addr, INADDR_LOOPBACK)
  return name
}

/**
 * A listening socket of loopback, whose accept blocks, close-on-exec. `name` is where it is, and has the port that the kernel
 * has chosen from then on. Throws `SystemError`, and leaves nothing open.
 */
export function openTcpListener(libc: Libc, name: Memory, backlog: number): OwnedFd {
  const length = new Memory(4)
  length.view.setUint32(0, address.size, true)
  const listener = openSocket(libc)
  try {
    sys(libc, 'bind', listener.fd, name.address, address.size)
    sys(libc, 'listen', listener.fd, backlog)
    sys(libc, 'getsockname', listener.fd, name.address, length.address)
    return listener
  } catch (error) {
    listener.close()
    throw error
  }
}

/**
 * A connection to a listening socket of loopback, non-blocking, close-on-exec, without Nagle's delay. It blocks until
 * the handshake is done, which does not wait for `accept`. Throws `SystemError`, and leaves nothing open.
 */
export function openTcpClient(libc: Libc, name: Memory): OwnedFd {
  const client = openSocket(libc)
  try {
    sys(libc, 'connect', client.fd, name.address, address.size)
    sys(libc, 'fcntl', client.fd, F.SETFL, O.NONBLOCK)
    noDelay(libc, client.fd)
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

/** The next connection, for which it waits: non-blocking, close-on-exec, without Nagle's delay. Throws `SystemError`. */
export function acceptTcp(libc: Libc, listener: OwnedFd): OwnedFd {
  const flags = SOCK.NONBLOCK | SOCK.CLOEXEC
  const server = new OwnedFd(libc, sys(libc, 'accept4', listener.fd, NULL, NULL, flags))
  try {
    noDelay(libc, server.fd)
    return server
  } catch (error) {
    server.close()
    throw error
  }
}

/**
 * Two ends of a TCP connection over loopback. The address stays in native memory from `bind` to `connect`, so that
 * what was recorded connects to its own port. Throws `SystemError`, and leaves nothing open, where there is no
 * loopback or no descriptor.
 */
export function openTcpPair(libc: Libc): [client: OwnedFd, server: OwnedFd] {
  const name = loopbackName()
  using listener = openTcpListener(libc, name, 1)
  const client = openTcpClient(libc, name)
  try {
    return [client, acceptTcp(libc, listener)]
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
