import { describe, expect, test } from 'vitest'
import { SystemError } from '../errors.ts'
import { F, IPPROTO_TCP, O, SHUT, TCP_NODELAY } from './constants/linux.ts'
import { openLibc } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'
import { openDescriptors } from './open-descriptors.ts'
import type { FunctionName } from './signatures.ts'
import { openTcpPair } from './tcp-pair.ts'
import { wrapLibc } from './wrap.ts'

const libc = openLibc()
const EMFILE = 24

/** A Libc on which one function fails at its n-th call. */
function failing(which: FunctionName, nth: number): Libc {
  let calls = 0
  const fails = wrapLibc(libc, (name, native) => (...args) => {
    if (name === which && ++calls === nth) return -1
    return native(...args)
  })
  return { ...fails, errno: () => EMFILE }
}

describe('a TCP pair', () => {
  test('is connected both ways', () => {
    const [client, server] = openTcpPair(libc)
    using a = client
    using b = server
    const memory = new Memory(8)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      memory.view.setInt32(0, 42, true)
      expect(libc.fn.send(from.fd, memory.address, 4, 0)).toBe(4)
      memory.view.setInt32(0, 0, true)
      // Loopback delivers before send returns, or soon after.
      let received = -1
      while (received === -1) received = Number(libc.fn.recv(to.fd, memory.address, 8, 0))
      expect([received, memory.view.getInt32(0, true)]).toEqual([4, 42])
    }
    expect(libc.fn.shutdown(a.fd, SHUT.WR)).toBe(0)
  })

  test('is non-blocking, close-on-exec and without delay', () => {
    const [client, server] = openTcpPair(libc)
    using a = client
    using b = server
    const value = new Memory(4)
    const length = new Memory(4)
    for (const { fd } of [a, b]) {
      expect(libc.fn.fcntl(fd, F.GETFL, 0) & O.NONBLOCK).toBe(O.NONBLOCK)
      expect(libc.fn.fcntl(fd, F.GETFD, 0)).toBe(1)
      length.view.setUint32(0, 4, true)
      expect(libc.fn.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value.address, length.address)).toBe(0)
      expect(value.view.getInt32(0, true)).not.toBe(0)
      expect(libc.fn.recv(fd, value.address, 4, 0)).toBe(-1)
    }
  })

  test('is two descriptors and leaves no listener', () => {
    const before = openDescriptors(libc)
    const pair = openTcpPair(libc)
    expect(openDescriptors(libc).size).toBe(before.size + 2)
    for (const end of pair) end.close()
    expect(openDescriptors(libc)).toEqual(before)
  })

  test.each([
    ['socket', 1],
    ['bind', 1],
    ['listen', 1],
    ['getsockname', 1],
    ['socket', 2],
    ['connect', 1],
    ['accept4', 1],
    ['fcntl', 1],
    ['setsockopt', 1],
    ['setsockopt', 2],
  ] as const)('leaves nothing open where %s fails at call %i', (name, nth) => {
    const before = openDescriptors(libc)
    expect(() => openTcpPair(failing(name, nth))).toThrow(new SystemError(name, EMFILE, 'EMFILE'))
    expect(openDescriptors(libc)).toEqual(before)
  })
})
