/** Connections over real sockets, of each family and over each backend. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../backends/backend.ts'
import { SO, SOL_SOCKET } from '../../libc/constants/linux.ts'
import type { SocketError } from '../../errors.ts'
import { sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { wrapLibc } from '../../libc/wrap.ts'
import { testedBackends, testedLibc } from '../../testing/backends.ts'
import { NOTHING_LEFT, outcomeOf } from '../../testing/io.ts'
import { readAll, realIo } from '../../testing/real-io.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { addressText } from './addresses.ts'
import type { Address } from './addresses.ts'
import type { Routine } from '../fiber.ts'
import type { Future } from './future.ts'
import { IncomingMessage } from './messages.ts'
import { partOf, textBytes } from './vectors.ts'

const directory = temporaryDirectory()
let paths = 0

const families: readonly (readonly [string, () => Address])[] = [
  ['IPv4', () => ({ family: 'ip4', address: '127.0.0.1', port: 0 })],
  ['IPv6', () => ({ family: 'ip6', address: '::1', port: 0 })],
  ['unix', () => ({ family: 'unix', path: join(directory, `s${paths++}`) })],
  ['abstract unix', () => ({ family: 'unix', path: `\0evloop-io-${process.pid}-${paths++}` })],
]

describe.each(testedBackends)('over %s', (_name, backend) => {
  test.each(families)('a server of %s answers clients, and nothing is left', (_family, addressOf) => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    const answers: string[] = []
    real.run(function* () {
      using server = io.listen(addressOf())
      expect(server.address.family).toBe(addressOf().family)
      const serving = io.async(function* () {
        const connections = io.group()
        try {
          for (;;) {
            const stream = yield* server.accept()
            connections.async(function* () {
              using _stream = stream
              const text = yield* readAll(stream)
              yield* stream.writeAll([textBytes('you said '), textBytes(''), textBytes(text)])
            })
          }
        } finally {
          yield* connections.cancel()
        }
      }, 'server')
      const clients = io.group()
      for (let i = 0; i < 5; i++) {
        clients.async(function* () {
          using stream = yield* io.connect(server.address, { timeoutMs: 10_000 })
          expect(stream.peer).toEqual(server.address)
          yield* io.sleep(i % 2)
          yield* stream.writeAll([textBytes(`hello ${i}`)])
          stream.shutdown('write')
          answers.push(yield* readAll(stream))
        })
      }
      yield* clients.wait()
      yield* io.cancel(serving)
    })
    expect(answers.toSorted()).toEqual([0, 1, 2, 3, 4].map((i) => `you said hello ${i}`))
    expect([real.left(), real.scheduler.counts]).toEqual([0, NOTHING_LEFT])
  })

  test('more than the kernel takes at once arrives whole, and in its order', () => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    const size = 3_000_000
    real.run(function* () {
      using server = io.listen({ family: 'ip4', address: '127.0.0.1', port: 0 })
      const sent = new Memory(size)
      for (let i = 0; i < size; i += 4) sent.view.setUint32(i, Math.imul(i, 2654435761), true)
      const writer = io.async(function* () {
        using stream = yield* io.connect(server.address)
        const buffer = new Memory(4)
        buffer.view.setInt32(0, 50_000, true)
        sys(testedLibc, 'setsockopt', stream.fd, SOL_SOCKET, SO.SNDBUF, buffer.address, 4)
        // More vectors than one call takes, among them one that is empty.
        const step = size / 12
        yield* stream.writeAll([
          partOf(sent, 0, 0),
          ...Array.from({ length: 12 }, (_, i) => partOf(sent, i * step, (i + 1) * step)),
        ])
      })
      using stream = yield* server.accept()
      const got = new Memory(size)
      // Lets the writer find that the kernel takes no more.
      yield* io.sleep(5)
      let length = 0
      while (length < size) {
        const middle = Math.min(size, length + 1000)
        const n = yield* stream.read([partOf(got, length, middle), partOf(got, middle)])
        if (n === 0) break
        length += n
      }
      expect(length).toBe(size)
      expect(Buffer.compare(got.bytes, sent.bytes)).toBe(0)
      expect(yield* stream.read([got])).toBe(0)
      yield* io.await(writer)
    })
    expect([real.left(), real.scheduler.counts]).toEqual([0, NOTHING_LEFT])
  })

  test('a read after one that had room to spare waits before it asks, and misses nothing of what came meanwhile', () => {
    let reads = 0
    const counted = wrapLibc(testedLibc, (name, native) =>
      name === 'readv' ? (...args) => (reads++, native(...args)) : native,
    )
    using real = realIo(counted, backend)
    const { io } = real
    real.run(function* () {
      using server = io.listen({ family: 'unix', path: `\0evloop-io-${process.pid}-${paths++}` })
      using client = yield* io.connect(server.address)
      using stream = yield* server.accept()
      const memory = new Memory(16)
      const readAfter = function* (text: string): Routine<number> {
        yield* client.writeAll([textBytes(text)])
        return yield* stream.read([partOf(memory, 0, 8), partOf(memory, 8)])
      }
      // What comes between two reads ends the wait of the second one at once; one that was full asks at once.
      expect([
        yield* readAfter('four'),
        yield* readAfter('sixteen bytes!!!'),
        yield* readAfter('and one'),
      ]).toEqual([4, 16, 7])
      expect(reads).toBe(3)
      const reading = io.async(() => stream.read([memory]))
      yield* io.sleep(1)
      expect([reads, real.left()]).toEqual([3, 1])
      yield* client.writeAll([textBytes('more')])
      expect([yield* io.await(reading), reads]).toEqual([4, 4])
      client.shutdown('write')
      expect([yield* stream.read([memory]), yield* stream.read([memory]), reads]).toEqual([0, 0, 6])
      // Full, and there is more: nobody has to write anything for the rest to come.
      const echoing = io.async(() => stream.writeAll([textBytes('sixteen bytes!!! and more')]))
      yield* io.await(echoing)
      const [first, rest] = [yield* client.read([memory]), yield* client.read([memory])]
      expect([first, rest]).toEqual([16, 9])
      // That it can be canceled, and closed, is no matter of what it waits for.
      const canceled = io.async(() => client.read([memory]))
      yield* io.sleep(1)
      io.requestCancel(canceled)
      expect(yield* outcomeOf(io.await(canceled))).toBe('canceled: read')
      const closed = io.async(() => client.read([memory]))
      yield* io.sleep(1)
      client.close()
      expect(yield* outcomeOf(io.await(closed))).toMatch(/: closed$/)
      expect(yield* outcomeOf(client.read([memory]))).toMatch(/: closed$/)
    })
    expect([real.left(), real.scheduler.counts]).toEqual([0, NOTHING_LEFT])
  })

  test('of records, a read has got one, and does not wait for the next one that is there', () => {
    let reads = 0
    const counted = wrapLibc(testedLibc, (name, native) =>
      name === 'readv' ? (...args) => (reads++, native(...args)) : native,
    )
    using real = realIo(counted, backend)
    const { io } = real
    real.run(function* () {
      const path = `\0evloop-io-${process.pid}-${paths++}`
      using server = io.listen({ family: 'unix', path }, { mode: 'seqpacket' })
      using client = yield* io.connect(server.address, { mode: 'seqpacket' })
      using stream = yield* server.accept()
      for (const text of ['one', 'two', 'three']) yield* client.writeAll([textBytes(text)])
      const memory = new Memory(16)
      expect([
        yield* stream.read([memory]),
        yield* stream.read([memory]),
        yield* stream.read([memory]),
      ]).toEqual([3, 3, 5])
      expect([reads, real.left()]).toEqual([3, 0])
    })
  })

  test('a cancellation ends accept, read, write, receive and connect at once, and leaves nothing registered', () => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    const abstract = (): Address => ({ family: 'unix', path: `\0evloop-io-${process.pid}-${paths++}` })
    real.run(function* () {
      using idle = io.listen(abstract())
      using server = io.listen(abstract(), { backlog: 0 })
      using client = yield* io.connect(server.address)
      using accepted = yield* server.accept()
      // The queue of the server is full with this one.
      using _queued = yield* io.connect(server.address)
      using datagrams = io.bind(abstract())
      const memory = new Memory(1 << 20)
      const blocked: Future<unknown>[] = [
        io.async(() => idle.accept()),
        io.async(() => client.read([memory])),
        io.async(function* () {
          for (;;) yield* client.write([memory])
        }),
        io.async(() => datagrams.receive([new IncomingMessage(memory)])),
        io.async(() => io.connect(server.address)),
      ]
      yield* io.sleep(20)
      // accept, read and write, receive: the last one has no descriptor to wait for.
      expect(real.left()).toBe(3)
      const log: string[] = []
      for (const future of blocked) {
        io.requestCancel(future)
        log.push(yield* outcomeOf(io.await(future)))
      }
      expect(log).toEqual(['accept', 'read', 'write', 'receive', 'connect'].map((at) => `canceled: ${at}`))
      expect(real.left()).toBe(0)
      expect(accepted.fd).toBeGreaterThan(0)
    })
    expect(real.scheduler.counts).toEqual(NOTHING_LEFT)
  })

  test('a close ends the waits of other fibers, and says so, also to who comes later', () => {
    using real = realIo(testedLibc, backend)
    const { io } = real
    real.run(function* () {
      const server = io.listen({ family: 'ip4', address: '127.0.0.1', port: 0 })
      const text = addressText(server.address)
      const { fd } = server
      const accepting = io.async(() => server.accept(), 'acceptor')
      yield* io.sleep(1)
      server.close()
      server.close()
      expect(real.left()).toBe(0)
      expect(yield* outcomeOf(io.await(accepting))).toBe(
        `SocketError: accept ${text} (fd ${fd}) in fiber 1 (acceptor): closed`,
      )
      expect(yield* outcomeOf(server.accept())).toMatch(/: closed$/)
    })
  })

  test('what fibers had open when the scheduler was closed, Io closes, whether they had started or not', () => {
    const real = realIo(testedLibc, backend)
    const { io, scheduler } = real
    const name: Address = { family: 'unix', path: `\0evloop-io-${process.pid}-${paths++}` }
    io.async(function* () {
      const server = io.listen(name)
      const client = yield* io.connect(name)
      const accepted = yield* server.accept()
      io.async(() => accepted.close())
      scheduler.stop()
      yield* client.read([new Memory(8)])
    })
    scheduler.run()
    expect(real.left()).toBe(1)
    scheduler.close()
    expect(real.left()).toBe(0)
    io.close()
    io.close()
  })
})

test('who is canceled can still end a direction, and tell the other end so', () => {
  using real = realIo(testedLibc, testedBackends[0]?.[1] as Backend)
  const { io } = real
  real.run(function* () {
    using server = io.listen({ family: 'ip4', address: '127.0.0.1', port: 0 })
    using client = yield* io.connect(server.address)
    using accepted = yield* server.accept()
    const reading = io.async(function* () {
      try {
        yield* accepted.read([new Memory(8)])
      } finally {
        accepted.shutdown('write')
      }
    })
    yield* io.sleep(1)
    expect(yield* io.cancel(reading)).toBeUndefined()
    const end = io.async(() => client.read([new Memory(8)]))
    yield* io.sleep(100)
    expect(yield* io.cancel(end)).toBe(0)
  })
})

test('an IPv6 socket takes IPv4 or does not, as it was told', () => {
  using real = realIo(testedLibc, testedBackends[0]?.[1] as Backend)
  const { io } = real
  real.run(function* () {
    for (const ip6Only of [false, true]) {
      using server = io.listen({ family: 'ip6', address: '::', port: 0 }, { ip6Only })
      const { port } = server.address as { readonly port: number }
      let problem = 'none'
      try {
        using _client = yield* io.connect({ family: 'ip4', address: '127.0.0.1', port })
        using accepted = yield* server.accept()
        expect(accepted.peer).toMatchObject({ family: 'ip6', address: '::ffff:127.0.0.1' })
      } catch (error) {
        problem = (error as SocketError).problem
      }
      expect(problem).toBe(ip6Only ? 'connection-refused' : 'none')
    }
  })
})
