/** Every errno of each call, as the manuals have them, and what it is. */
import { constants as osConstants } from 'node:os'
import { expect, test } from 'vitest'
import { isKnownError } from '../../errors.ts'
import { socketError } from './errors.ts'

const of = (operation: string, code: keyof typeof osConstants.errno): string =>
  socketError(osConstants.errno[code], { operation, target: 'x', where: 'y' }).problem

test.each([
  ['socket', 'EAFNOSUPPORT', 'address-family-unsupported'],
  ['socket', 'EINVAL', 'protocol-unsupported-by-system'],
  ['socket', 'EMFILE', 'process-fd-quota-exceeded'],
  ['socket', 'ENFILE', 'system-fd-quota-exceeded'],
  ['socket', 'ENOBUFS', 'system-resources'],
  ['socket', 'ENOMEM', 'system-resources'],
  ['socket', 'EPROTONOSUPPORT', 'protocol-unsupported-by-address-family'],
  ['socket', 'EPROTOTYPE', 'socket-mode-unsupported'],
  ['bind', 'EADDRINUSE', 'address-in-use'],
  ['bind', 'EADDRNOTAVAIL', 'address-unavailable'],
  ['bind', 'EAFNOSUPPORT', 'address-family-unsupported'],
  ['bind', 'ENOMEM', 'system-resources'],
  ['bind', 'EINVAL', 'unexpected'],
  ['getsockname', 'ENOBUFS', 'system-resources'],
  ['connect', 'EADDRNOTAVAIL', 'address-unavailable'],
  ['connect', 'EALREADY', 'connection-pending'],
  ['connect', 'ECONNREFUSED', 'connection-refused'],
  ['connect', 'ECONNRESET', 'connection-reset-by-peer'],
  ['connect', 'EHOSTUNREACH', 'host-unreachable'],
  ['connect', 'ENETUNREACH', 'network-unreachable'],
  ['connect', 'ETIMEDOUT', 'timeout'],
  ['connect', 'EACCES', 'access-denied'],
  ['connect', 'ENETDOWN', 'network-down'],
  ['accept', 'ECONNABORTED', 'connection-aborted'],
  ['accept', 'EINVAL', 'not-listening'],
  ['accept', 'EPERM', 'blocked-by-firewall'],
  ['accept', 'EPROTO', 'protocol-failure'],
  ['send', 'EALREADY', 'fast-open-in-progress'],
  ['send', 'EMSGSIZE', 'message-oversize'],
  ['send', 'EPIPE', 'socket-unconnected'],
  ['send', 'ENOTCONN', 'socket-unconnected'],
  ['read', 'ENOTCONN', 'socket-unconnected'],
  ['read', 'ECONNRESET', 'connection-reset-by-peer'],
  ['read', 'ETIMEDOUT', 'timeout'],
  ['read', 'EPIPE', 'socket-unconnected'],
  ['read', 'EBADF', 'unexpected'],
  ['write', 'EALREADY', 'fast-open-in-progress'],
  ['setsockopt', 'ENOPROTOOPT', 'option-unsupported'],
  ['bind', 'ENOENT', 'file-not-found'],
  ['bind', 'ENOTDIR', 'not-a-directory'],
  ['bind', 'EROFS', 'read-only-file-system'],
  ['bind', 'ELOOP', 'symlink-loop'],
  ['bind', 'EPERM', 'permission-denied'],
] as const)('%s: %s is %s', (operation, code, problem) => {
  expect(of(operation, code)).toBe(problem)
})

test('the message says what, on what, and where, and the error is one of ours', () => {
  const call = { operation: 'connect', target: 'to 127.0.0.1:1', where: 'fiber 3 (client)' }
  const error = socketError(osConstants.errno.ECONNREFUSED, call)
  expect(error.message).toBe('connect to 127.0.0.1:1 in fiber 3 (client): connection-refused (ECONNREFUSED)')
  expect([error.code, error.operation, error.target, error.where, isKnownError(error)]).toEqual([
    'ECONNREFUSED',
    'connect',
    'to 127.0.0.1:1',
    'fiber 3 (client)',
    true,
  ])
})
