import { openSync, closeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Readiness, ReadinessBatch } from '../backends/backend.ts'
import { AF, SHUT, SOCK } from '../libc/constants/linux.ts'
import { openEventfd, openPipe, openSocketpair, OwnedFd } from '../libc/fd.ts'
import { openLibc, sys } from '../libc/libc.ts'
import { write } from '../testing/native.ts'
import { Inquirer } from './inquirer.ts'

const libc = openLibc()
const inquirer = new Inquirer(libc)

describe('readableBytes', () => {
  test('counts what can be read, over a page too', () => {
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    expect(inquirer.readableBytes(reader.fd)).toBe(0)
    for (let i = 0; i < 3; i++) write(libc, writer.fd, 4096)
    expect(inquirer.readableBytes(reader.fd)).toBe(3 * 4096)
  })

  test('is null where the kernel cannot tell', () => {
    using eventfd = openEventfd(libc)
    using listener = new OwnedFd(libc, sys(libc, 'socket', AF.INET, SOCK.STREAM | SOCK.CLOEXEC, 0))
    sys(libc, 'listen', listener.fd, 1)
    expect([eventfd.fd, listener.fd, -1].map((fd) => inquirer.readableBytes(fd))).toEqual([null, null, null])
  })

  test('of a file is what is left of it', () => {
    const fd = openSync(import.meta.filename, 'r')
    const bytes = inquirer.readableBytes(fd)
    closeSync(fd)
    expect(bytes).toBeGreaterThan(500)
  })
})

describe('addHangups', () => {
  test('adds to each event what poll says of its descriptor, keeps what it had, and leaves wakes alone', () => {
    const [closed, closedPeer] = openSocketpair(libc)
    const [half, halfPeer] = openSocketpair(libc)
    const [reader, writer] = openPipe(libc)
    using idle = openEventfd(libc)
    closedPeer.close()
    sys(libc, 'shutdown', halfPeer.fd, SHUT.WR)
    reader.close()
    const fds = [closed.fd, -1, half.fd, idle.fd, writer.fd]
    const batch = new ReadinessBatch(8)
    batch.fds.set(fds)
    batch.flags.set([
      Readiness.READABLE,
      Readiness.WAKE,
      Readiness.READABLE,
      Readiness.WRITABLE,
      Readiness.WRITABLE,
    ])
    batch.flags[5] = 0
    inquirer.addHangups(batch, fds.length)
    for (const owned of [closed, half, halfPeer, writer]) owned.close()
    expect([...batch.flags.subarray(0, 6)]).toEqual([
      Readiness.READABLE | Readiness.READ_CLOSED | Readiness.HANGUP,
      Readiness.WAKE,
      Readiness.READABLE | Readiness.READ_CLOSED,
      Readiness.WRITABLE,
      Readiness.WRITABLE | Readiness.ERROR,
      0,
    ])
  })

  test('of no events does nothing, and of more than before as well as of fewer', () => {
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    writer.close()
    const batch = new ReadinessBatch(300)
    batch.fds.fill(reader.fd)
    for (const n of [0, 1, 300, 2]) {
      batch.flags.fill(Readiness.READABLE)
      inquirer.addHangups(batch, n)
      const ended = batch.flags.filter((flags) => flags === (Readiness.READABLE | Readiness.HANGUP))
      expect(ended).toHaveLength(n)
    }
  })
})
