import { readlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SystemError } from '../errors.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { drain, write } from '../testing/native.ts'
import { F, FD_CLOEXEC, O, SOCK } from './constants/linux.ts'
import { openEventfd, openPipe, openSignal, openSocketpair, OwnedFd, widenTable } from './fd.ts'
import { attachLibc, openLibc, sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { descriptorLimit, setDescriptorLimit } from './limits.ts'
import { openDescriptors } from './open-descriptors.ts'
import { NULL } from './signatures.ts'

const libc = openLibc()

function isOpen(fd: number): boolean {
  return libc.fn.fcntl(fd, F.GETFD, 0) !== -1
}

describe('OwnedFd', () => {
  test('close closes the descriptor, and the number is -1 from then on', () => {
    const owned = openEventfd(libc)
    const { fd } = owned
    expect(isOpen(fd)).toBe(true)
    owned.close()
    expect(owned.fd).toBe(-1)
    expect(isOpen(fd)).toBe(false)
  })

  test('a second close does not close another file that has the number by then', () => {
    const owned = openEventfd(libc)
    const { fd } = owned
    owned.close()
    using next = openEventfd(libc)
    expect(next.fd).toBe(fd)
    owned.close()
    expect(isOpen(next.fd)).toBe(true)
  })

  test('the end of a block closes what was declared with using, also when it throws', () => {
    let fd = -1
    expect(() => {
      using owned = openEventfd(libc)
      fd = owned.fd
      throw new Error('in the middle')
    }).toThrow('in the middle')
    expect(fd).toBeGreaterThan(2)
    expect(isOpen(fd)).toBe(false)
  })

  test('release gives the descriptor up: close does nothing any more', () => {
    const owned = openEventfd(libc)
    const fd = owned.release()
    owned.close()
    expect(owned.fd).toBe(-1)
    expect(isOpen(fd)).toBe(true)
    new OwnedFd(libc, fd).close()
    expect(isOpen(fd)).toBe(false)
  })
})

describe('what is opened', () => {
  const kinds: Record<string, () => readonly OwnedFd[]> = {
    'a pipe': () => openPipe(libc),
    'a socketpair': () => openSocketpair(libc),
    'a pair of datagram sockets': () => openSocketpair(libc, SOCK.DGRAM),
    'an eventfd': () => [openEventfd(libc)],
    'a signal': () => openSignal(libc),
  }

  test.each(Object.entries(kinds))('%s does not block and is closed on exec', (_, open) => {
    const all = open()
    const status = all.map(({ fd }) => [
      sys(libc, 'fcntl', fd, F.GETFL, 0) & O.NONBLOCK,
      sys(libc, 'fcntl', fd, F.GETFD, 0),
    ])
    for (const owned of all) owned.close()
    expect(status).toEqual(all.map(() => [O.NONBLOCK, FD_CLOEXEC]))
  })

  test('the first end of a pipe is for reading, the second for writing', () => {
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    expect(write(libc, writer.fd, 3)).toBe(3)
    expect(drain(libc, reader.fd)).toBe(3)
    expect(write(libc, reader.fd, 3)).toBe(-1)
  })

  test('a socketpair is of the type that was asked for', () => {
    const [a, b] = openSocketpair(libc, SOCK.DGRAM)
    using _a = a
    using _b = b
    // Two datagrams stay two.
    write(libc, a.fd, 1)
    write(libc, a.fd, 2)
    expect(sys(libc, 'recv', b.fd, NULL, 0, 0)).toBe(0)
    expect(drain(libc, b.fd)).toBe(2)
  })

  test('a new eventfd has counter 0', () => {
    using eventfd = openEventfd(libc)
    expect(drain(libc, eventfd.fd)).toBe(0)
  })
})

describe('openSignal', () => {
  function kindOf(by: Libc): string {
    const [source, signal] = openSignal(by)
    using _source = source
    using _signal = signal
    expect(write(by, signal.fd, 8)).toBe(8)
    const target = readlinkSync(`/proc/self/fd/${source.fd}`)
    expect(drain(by, source.fd)).toBe(8)
    return target.replace(/:.*/, '')
  }

  test('is an eventfd where there is one', () => {
    expect(kindOf(libc)).toBe('anon_inode')
    const [source, signal] = openSignal(libc)
    expect(source).toBe(signal)
    source.close()
  })

  test.skipIf(!hasCompiler).each(['eventfd-eperm', 'eventfd-enosys'])(
    'is a pipe where eventfd is forbidden or missing (%s; needs a C compiler)',
    (fault) => {
      expect(kindOf(openLibc({ lib: compileLibrary(`faults/${fault}`) }))).toBe('pipe')
    },
  )

  test('is a pipe where libc has no eventfd', () => {
    const { eventfd: _, ...bindings } = libc.plan.bindings
    expect(kindOf(attachLibc({ ...libc.plan, bindings }))).toBe('pipe')
  })

  test('any other failure is an error, and not a pipe', () => {
    const { soft, hard } = descriptorLimit(libc)
    let error: unknown
    setDescriptorLimit(libc, 0, hard)
    try {
      openSignal(libc)
    } catch (thrown) {
      error = thrown
    } finally {
      setDescriptorLimit(libc, soft, hard)
    }
    expect(error).toBeInstanceOf(SystemError)
    expect(error).toMatchObject({ syscall: 'eventfd', code: 'EMFILE' })
  })
})

test('a wider table takes no descriptor, also where the number is beyond the limit', () => {
  const before = openDescriptors(libc)
  widenTable(libc, 300)
  widenTable(libc, 2 ** 30)
  expect(openDescriptors(libc)).toEqual(before)
})
