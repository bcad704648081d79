/** The Poller with the interface of each platform, over a kqueue in memory that has it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPipe, openSocketpair } from '../../libc/fd.ts'
import { openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { MemoryKqueue, withKqueue } from '../../testing/memory-kqueue.ts'
import { drain, write } from '../../testing/native.ts'
import { codeOf, reported } from '../../testing/pollers.ts'
import { Interest, ReadinessBatch } from '../backend.ts'
import { kqueue } from '../kqueue.ts'
import { kqueueAbis } from './abi.ts'
import { abiOf } from './prove.ts'

const { READ, WRITE } = Interest
const platformHere = process.platform

const platforms = [
  ['linux', 'libkqueue'],
  ['freebsd', 'freebsd'],
  ['netbsd', 'netbsd'],
  ['darwin', 'macos'],
  ['openbsd', 'openbsd'],
] as const

describe.each(platforms)('on %s, with the interface of %s', (platform, name) => {
  let libc: Libc

  beforeEach(() => {
    const abi = kqueueAbis.find((candidate) => candidate.name === name)
    if (abi === undefined) throw new RangeError(`there is no interface ${name}`)
    const plain = openLibc()
    libc = withKqueue(plain, new MemoryKqueue(plain, abi))
    Object.defineProperty(process, 'platform', { value: platform })
  })
  afterEach(() => void Object.defineProperty(process, 'platform', { value: platformHere }))

  test('the interface is found, and the backend is available', () => {
    expect(kqueue.availability(libc)).toEqual({ available: true })
    expect(abiOf(libc).name).toBe(name)
  })

  test('changes and events carry descriptor, direction, token and bytes', () => {
    using poller = kqueue.open(libc)
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    poller.add(a.fd, READ | WRITE, 2n ** 63n + 5n)
    expect(reported(poller)).toEqual([[2n ** 63n + 5n, 'WRITABLE']])
    write(libc, b.fd, 300)
    const batch = new ReadinessBatch(8)
    expect([poller.wait(batch, 0), batch.fds[0], batch.bytes[0]]).toEqual([1, a.fd, 300])
    poller.modify(a.fd, READ, 7)
    expect(reported(poller)).toEqual([[7n, 'READABLE']])
    b.close()
    expect(reported(poller)).toEqual([[7n, 'READABLE READ_CLOSED']])
    poller.remove(a.fd)
    expect(reported(poller)).toEqual([])
  })

  test('an error is that of its registration, at once', () => {
    using poller = kqueue.open(libc)
    const [reader, writer] = openPipe(libc)
    const { fd } = reader
    poller.add(fd, READ, 1)
    expect(codeOf(() => poller.add(fd, READ, 2))).toBe('EEXIST')
    expect(codeOf(() => poller.modify(writer.fd, WRITE, 2))).toBe('ENOENT')
    expect(codeOf(() => poller.remove(writer.fd))).toBe('ENOENT')
    reader.close()
    writer.close()
    expect(codeOf(() => poller.add(writer.fd, READ, 2))).toBe('EBADF')
    expect(codeOf(() => poller.modify(fd, READ, 2))).toBe('EBADF')
  })

  test('a reader that has gone is an error to who writes', () => {
    using poller = kqueue.open(libc)
    const [reader, writer] = openPipe(libc)
    using _writer = writer
    poller.add(writer.fd, WRITE, 1)
    expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
    reader.close()
    expect(reported(poller)).toEqual([[1n, 'WRITABLE HANGUP ERROR']])
  })

  test('a oneshot is silent in both directions until it is modified', () => {
    using poller = kqueue.open(libc)
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    poller.add(a.fd, READ | WRITE, 1, { trigger: 'oneshot' })
    expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
    write(libc, b.fd)
    expect(reported(poller)).toEqual([])
    poller.modify(a.fd, READ | WRITE, 2, { trigger: 'oneshot' })
    expect([reported(poller), reported(poller)]).toEqual([[[2n, 'READABLE WRITABLE']], []])
    drain(libc, a.fd)
  })

  test('it is woken by its own event, and its handle is plain data that names the interface', () => {
    using poller = kqueue.open(libc)
    poller.wake()
    poller.wake()
    expect([reported(poller), reported(poller)]).toEqual([[[0n, 'WAKE']], []])
    expect(poller.wakeHandle()).toMatchObject({ kqueue: name })
    expect(structuredClone(poller.wakeHandle())).toEqual(poller.wakeHandle())
  })
})
