import { randomUUID } from 'node:crypto'
import { SystemError, UnsupportedError } from '../../errors.ts'
import { AF, INADDR_LOOPBACK, SOCK } from '../../libc/constants/linux.ts'
import { OwnedFd } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { scratch } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { sleepSync } from '../../sleep.ts'
import type { Outcome } from './native.ts'

/** Room for any address that sockets here have: sockaddr_un is the largest. */
const ADDRESS_SIZE = layouts.sockaddr_un.size

/** How long a connection over loopback may take on a loaded machine. */
const PATIENCE_MS = 2000

/** Binds a socket to an address of its own: a loopback port that the kernel chooses, or an abstract unix name. */
export function bindLoopback(libc: Libc, fd: number, domain: 'unix' | 'inet'): void {
  const address = scratch(ADDRESS_SIZE)
  address.view.setUint16(0, AF[domain === 'unix' ? 'UNIX' : 'INET'], true)
  if (domain === 'unix') {
    // An abstract name (unix(7)) starts with a zero byte and leaves nothing in a file system.
    const name = Buffer.from(`evloop-${randomUUID()}`)
    address.bytes.set(name, layouts.sockaddr_un.offsets.path + 1)
    sys(libc, 'bind', fd, address.address, layouts.sockaddr_un.offsets.path + 1 + name.length)
    return
  }
  // Network byte order is big-endian.
  address.view.setUint32(layouts.sockaddr_in.offsets.addr, INADDR_LOOPBACK, false)
  sys(libc, 'bind', fd, address.address, layouts.sockaddr_in.size)
}

/** Connects one socket to the address of another, and says what the call returned. */
export function connectTo(libc: Libc, fd: number, listener: number): Outcome {
  const address = scratch(ADDRESS_SIZE)
  const length = scratch(4)
  length.view.setUint32(0, ADDRESS_SIZE, true)
  sys(libc, 'getsockname', listener, address.address, length.address)
  const result = libc.fn.connect(fd, address.address, length.view.getUint32(0, true))
  return { result, errno: result === -1 ? libc.errno() : 0, elapsedNs: 0 }
}

/** What connect says where there is no network, not even the machine's own. */
const unreachable: readonly string[] = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL']

/** Throws `UnsupportedError` where a connection was refused because there is no network at all. */
export function requireNetwork({ result, errno }: Outcome): void {
  if (result === -1 && unreachable.includes(errnoName(errno))) {
    throw new UnsupportedError('a connection to this machine', `connect gives ${errnoName(errno)}`)
  }
}

/** Has one socket connect to the address of another. Over TCP the connection may still be on its way after. */
export function beginConnecting(libc: Libc, fd: number, to: number): void {
  const outcome = connectTo(libc, fd, to)
  const { result, errno } = outcome
  if (result !== -1 || errnoName(errno) === 'EINPROGRESS') return
  requireNetwork(outcome)
  throw new SystemError('connect', errno, errnoName(errno))
}

/** Accepts a connection that is on its way: over TCP it may take a moment to be there. */
export function acceptFrom(libc: Libc, listener: number): number {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return sys(libc, 'accept4', listener, NULL, NULL, SOCK.NONBLOCK | SOCK.CLOEXEC)
    } catch (error) {
      const early = error instanceof SystemError && error.code === 'EAGAIN'
      if (!early || performance.now() >= deadline) throw error
      sleepSync(1)
    }
  }
}

/** Two connected, non-blocking TCP sockets over loopback: client and server. The listener is gone again. */
export function openConnectedTcp(libc: Libc): [number, number] {
  const type = SOCK.STREAM | SOCK.CLOEXEC
  using listener = new OwnedFd(libc, sys(libc, 'socket', AF.INET, type | SOCK.NONBLOCK, 0))
  bindLoopback(libc, listener.fd, 'inet')
  sys(libc, 'listen', listener.fd, 1)
  using client = new OwnedFd(libc, sys(libc, 'socket', AF.INET, type | SOCK.NONBLOCK, 0))
  beginConnecting(libc, client.fd, listener.fd)
  const server = acceptFrom(libc, listener.fd)
  return [client.release(), server]
}
