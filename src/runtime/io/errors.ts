/** What an errno means on a socket: the manuals of each call, as problems that a program can tell apart. */
import { SocketError } from '../../errors.ts'
import type { SocketCall, SocketProblem } from '../../errors.ts'
import { errnoName } from '../../libc/libc.ts'

type Problems = Readonly<Record<string, SocketProblem>>

/** What means the same in whatever call. Bad arguments and descriptors (EBADF, EFAULT, EINVAL, ENOTSOCK) are bugs. */
const problems: Problems = {
  EACCES: 'access-denied',
  EADDRINUSE: 'address-in-use',
  EADDRNOTAVAIL: 'address-unavailable',
  EAFNOSUPPORT: 'address-family-unsupported',
  ECONNABORTED: 'connection-aborted',
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-reset-by-peer',
  EHOSTUNREACH: 'host-unreachable',
  ELOOP: 'symlink-loop',
  EMFILE: 'process-fd-quota-exceeded',
  EMSGSIZE: 'message-oversize',
  ENETDOWN: 'network-down',
  ENETUNREACH: 'network-unreachable',
  ENFILE: 'system-fd-quota-exceeded',
  ENOBUFS: 'system-resources',
  ENOENT: 'file-not-found',
  ENOMEM: 'system-resources',
  ENOPROTOOPT: 'option-unsupported',
  ENOTCONN: 'socket-unconnected',
  ENOTDIR: 'not-a-directory',
  EPERM: 'permission-denied',
  EPIPE: 'socket-unconnected',
  EPROTO: 'protocol-failure',
  EPROTONOSUPPORT: 'protocol-unsupported-by-address-family',
  EPROTOTYPE: 'socket-mode-unsupported',
  EROFS: 'read-only-file-system',
  ETIMEDOUT: 'timeout',
}

/** What means something of its own in one call. */
const ofCalls: Readonly<Record<string, Problems>> = {
  socket: { EINVAL: 'protocol-unsupported-by-system' },
  connect: { EALREADY: 'connection-pending' },
  // accept(2): EPERM is said by firewalls, EINVAL of a socket that does not listen.
  accept: { EPERM: 'blocked-by-firewall', EINVAL: 'not-listening' },
  send: { EALREADY: 'fast-open-in-progress' },
  write: { EALREADY: 'fast-open-in-progress' },
}

/** The error that an errno is, in a call. */
export function socketError(errno: number, call: SocketCall): SocketError {
  const code = errnoName(errno)
  return new SocketError(ofCalls[call.operation]?.[code] ?? problems[code] ?? 'unexpected', call, code)
}
