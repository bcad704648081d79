/** What the events of a loop say: eof, error and bytes, the same on every backend. */
import { describe, expect, test } from 'vitest'
import { SHUT, SOCK } from '../libc/constants/linux.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { sys } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { loopEvent, loopEvents } from '../testing/loops.ts'
import { drain, fill, openTcp, write } from '../testing/native.ts'
import { EventLoop } from './event-loop.ts'
import type { LoopEvent } from './event-loop.ts'
import type { Backend } from '../backends/backend.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc

interface Scene {
  /** Opens what is watched (first) and its peer, and makes happen what is to be seen. */
  readonly open: () => readonly OwnedFd[]
  readonly interest: 'read' | 'write' | 'both'
  readonly event: Partial<LoopEvent> | null
}

/** Opens a pair and makes something happen to it. */
function after(
  pair: readonly [OwnedFd, OwnedFd],
  action: (watched: OwnedFd, peer: OwnedFd) => void,
): readonly OwnedFd[] {
  action(...pair)
  return pair
}

const halfClose = (peer: OwnedFd): number => sys(libc, 'shutdown', peer.fd, SHUT.WR)
const writingEnd = (): readonly [OwnedFd, OwnedFd] => {
  const [reader, writer] = openPipe(libc)
  return [writer, reader]
}

const scenes: Readonly<Record<string, Scene>> = {
  'an idle pipe': {
    open: () => openPipe(libc),
    interest: 'read',
    event: null,
  },
  'a pipe with data': {
    open: () => after(openPipe(libc), (_, writer) => write(libc, writer.fd, 100)),
    interest: 'read',
    event: { readable: true, bytes: 100 },
  },
  'a pipe with data whose writer has gone': {
    open: () =>
      after(openPipe(libc), (_, writer) => {
        write(libc, writer.fd, 7)
        writer.close()
      }),
    interest: 'read',
    event: { readable: true, eof: true, bytes: 7 },
  },
  'an empty pipe whose writer has gone': {
    open: () => after(openPipe(libc), (_, writer) => writer.close()),
    interest: 'read',
    event: { readable: true, eof: true, bytes: 0 },
  },
  'a pipe with room': {
    open: writingEnd,
    interest: 'write',
    event: { writable: true },
  },
  'a full pipe': {
    open: () => after(writingEnd(), (writer) => fill(libc, writer.fd)),
    interest: 'write',
    event: null,
  },
  'a pipe whose reader has gone': {
    open: () => after(writingEnd(), (_, reader) => reader.close()),
    interest: 'write',
    event: { writable: true, error: true },
  },
  'a full pipe whose reader has gone': {
    open: () =>
      after(writingEnd(), (writer, reader) => {
        fill(libc, writer.fd)
        reader.close()
      }),
    interest: 'write',
    event: { writable: true, error: true },
  },
  'a socket whose peer sends no more, with data left': {
    open: () =>
      after(openSocketpair(libc), (_, peer) => {
        write(libc, peer.fd, 4)
        halfClose(peer)
      }),
    interest: 'read',
    event: { readable: true, eof: true, bytes: 4 },
  },
  'a socket whose peer sends no more': {
    open: () => after(openSocketpair(libc), (_, peer) => halfClose(peer)),
    interest: 'both',
    event: { readable: true, writable: true, eof: true, bytes: 0 },
  },
  'a socket to write to whose peer sends no more, which is no end of writing,': {
    open: () => after(openSocketpair(libc), (_, peer) => halfClose(peer)),
    interest: 'write',
    event: { writable: true },
  },
  'a socket whose peer has gone': {
    open: () => after(openSocketpair(libc), (_, peer) => peer.close()),
    interest: 'read',
    event: { readable: true, eof: true, bytes: 0 },
  },
  'a socket to write to whose peer has gone': {
    open: () => after(openSocketpair(libc), (_, peer) => peer.close()),
    interest: 'write',
    event: { writable: true, eof: true },
  },
  'a socket whose peer has gone without reading what it was sent': {
    open: () =>
      after(openSocketpair(libc), (watched, peer) => {
        write(libc, watched.fd)
        peer.close()
      }),
    interest: 'read',
    event: { readable: true, eof: true, error: true, bytes: 0 },
  },
  'a socket with two datagrams, of which the first counts': {
    open: () =>
      after(openSocketpair(libc, SOCK.DGRAM), (_, peer) => {
        write(libc, peer.fd, 10)
        write(libc, peer.fd, 20)
      }),
    interest: 'read',
    event: { readable: true, bytes: 10 },
  },
  'an eventfd, which does not tell how many bytes it has,': {
    open: () => {
      const eventfd = openEventfd(libc)
      write(libc, eventfd.fd)
      return [eventfd]
    },
    interest: 'both',
    event: { readable: true, writable: true },
  },
}

/** The event of each of two waits. */
function asToldBy(backend: Backend, event: Partial<LoopEvent>, what: string): readonly Partial<LoopEvent>[] {
  if (backend.capabilities.byteCounts === 'asked') return [event, event]
  // Of what is no stream, a kqueue tells some number.
  if (what.startsWith('an eventfd')) return [1, 2].map(() => ({ ...event, bytes: 1 }))
  // libkqueue asks for the error of a socket, which takes it away.
  if (event.eof === true && event.error === true) return [event, { ...event, error: false }]
  return [event, event]
}

describe.each(testedBackends)('over %s', (_name, backend) => {
  test.each(Object.entries(scenes))('%s is the event that it should be', (_is, { open, interest, event }) => {
    const descriptors = open()
    const fd = descriptors[0]?.fd ?? -1
    using loop = new EventLoop(libc, { backend })
    if (interest !== 'write') loop.addRead(fd, 5)
    if (interest !== 'read') loop.addWrite(fd, 5)
    const events = [loopEvents(loop), loopEvents(loop)]
    for (const descriptor of descriptors) descriptor.close()
    const [first, second] = event === null ? [] : asToldBy(backend, event, _is)
    const expected = [first, second].map((told) =>
      told === undefined ? [] : [loopEvent({ fd, token: 5n, ...told })],
    )
    expect(events).toEqual(expected)
  })

  test('over TCP too a peer that sends no more is eof', () => {
    const [client, server] = openTcp(libc)
    using _client = client
    using _server = server
    using loop = new EventLoop(libc, { backend })
    loop.addRead(server.fd, 1)
    expect(loopEvents(loop)).toEqual([])
    halfClose(client)
    expect(loopEvents(loop, { timeoutMs: 20_000 })).toEqual([
      loopEvent({ fd: server.fd, token: 1n, readable: true, eof: true, bytes: 0 }),
    ])
  })

  test('bytes are those that are left, from wait to wait', () => {
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    using loop = new EventLoop(libc, { backend })
    const memory = new Memory(8)
    loop.addRead(reader.fd, 1)
    write(libc, writer.fd, 8)
    const left = [8, 5, 2].map((expected) => {
      const [event] = loopEvents(loop)
      libc.fn.read(reader.fd, memory.address, 3)
      return [expected, event?.bytes]
    })
    expect(left.map(([, bytes]) => bytes)).toEqual(left.map(([expected]) => expected))
    drain(libc, reader.fd)
    expect(loopEvents(loop)).toEqual([])
  })

  test('a loop that is not to ask for bytes tells none', () => {
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    using loop = new EventLoop(libc, { backend, bytes: false })
    loop.addRead(reader.fd, 1)
    write(libc, writer.fd, 8)
    expect(loopEvents(loop)).toEqual([loopEvent({ fd: reader.fd, token: 1n, readable: true })])
  })

  test('in one wait with others, each has what is its own', () => {
    const pairs = Array.from({ length: 100 }, () => openPipe(libc))
    using loop = new EventLoop(libc, { backend })
    loop.addWake(999)
    loop.wake()
    const expected = pairs.map(([reader, writer], i) => {
      const [ends, bytes] = [i % 3 === 0, i]
      loop.addRead(reader.fd, i)
      if (bytes > 0) write(libc, writer.fd, bytes)
      if (ends) writer.close()
      return loopEvent({ fd: reader.fd, token: BigInt(i), readable: true, eof: ends, bytes })
    })
    const events = loopEvents(loop, { room: 200 })
    for (const ends of pairs) for (const end of ends) end.close()
    expect(events).toEqual([loopEvent({ token: 999n, user: true }), ...expected])
  })
})
