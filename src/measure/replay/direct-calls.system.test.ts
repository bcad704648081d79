import { describe, expect, it } from 'vitest'
import { F } from '../../libc/constants/linux.ts'
import { openPipe } from '../../libc/fd.ts'
import { errnoNumber, openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { openDescriptors } from '../../libc/open-descriptors.ts'
import { NULL } from '../../libc/signatures.ts'
import { compileLibrary, hasCompiler } from '../../testing/compile.ts'
import { theReplayer } from '../../testing/replay.ts'
import { directly, loadAddon } from './direct-calls.ts'

describe.runIf(hasCompiler)('direct calls (need a C compiler)', () => {
  const libc = openLibc()
  const direct = directly(libc, theReplayer().direct)

  it('are made without the binding', () => {
    expect(direct.fn.poll).not.toBe(libc.fn.poll)
    // Text is for the binding.
    expect(direct.fn.dlsym).toBe(libc.fn.dlsym)
  })

  it('have the same results, memory and errno', () => {
    const before = openDescriptors(libc)
    const [reader, writer] = openPipe(direct)
    const buffer = new Memory(8)
    buffer.bytes.set([1, 2, 3, 4, 5, 6, 7, 8])
    expect(direct.fn.read(reader.fd, buffer.address, 8)).toBe(-1)
    expect(direct.errno()).toBe(errnoNumber('EAGAIN'))
    expect(direct.fn.write(writer.fd, buffer.at(4), 3)).toBe(3)
    buffer.bytes.fill(0)
    expect(direct.fn.read(reader.fd, buffer.address, 8)).toBe(3)
    expect([...buffer.bytes]).toEqual([5, 6, 7, 0, 0, 0, 0, 0])
    expect(direct.fn.fcntl(reader.fd, F.GETFD, 0)).toBe(libc.fn.fcntl(reader.fd, F.GETFD, 0))
    reader.close()
    writer.close()
    expect(direct.fn.fcntl(-1, F.GETFD, 0)).toBe(-1)
    expect(direct.errno()).toBe(errnoNumber('EBADF'))
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('have negative arguments, all six of them, and results that are addresses', () => {
    expect(direct.fn.poll(NULL, 0, 0)).toBe(0)
    expect(direct.fn.poll(NULL, -1, 0)).toBe(-1)
    const [protect, flags] = [3, 0x22]
    const address = direct.fn.mmap(NULL, 4096, protect, flags, -1, 0)
    expect(address).toBeGreaterThan(2 ** 32)
    expect(direct.fn.munmap(address, 4096)).toBe(0)
  })

  it('reach the library that is in front of libc', () => {
    // It answers ENOSYS to everything that opens a backend.
    const other = directly(openLibc({ lib: compileLibrary('faults/no-backends') }), theReplayer().direct)
    expect(other.fn.epoll_create1(0)).toBe(-1)
    expect(other.errno()).toBe(errnoNumber('ENOSYS'))
  })

  it('say which function is missing, as the binding does', () => {
    const name = libc.has('kqueue') ? 'epoll_create1' : 'kqueue'
    expect(() => (direct.fn[name] as () => number)()).toThrow(`${name}: no library in this process has this`)
  })

  it('are not there where Node loads no addon from a file, and then the binding makes them', () => {
    expect(loadAddon(compileLibrary('replay/functions'))).toBeUndefined()
    expect(directly(libc, undefined)).toBe(libc)
  })
})
