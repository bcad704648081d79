/** The system calls that sockets make: which, how often, and with what. */
import { constants as osConstants } from 'node:os'
import { expect, test } from 'vitest'
import { defaultBackend } from '../../backends/index.ts'
import type { Backend } from '../../backends/backend.ts'
import { MSG } from '../../libc/constants/linux.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import type { FunctionName } from '../../libc/signatures.ts'
import { testedLibc } from '../../testing/backends.ts'
import { outcomeOf } from '../../testing/io.ts'
import { readAll, realIo } from '../../testing/real-io.ts'
import type { Address } from './addresses.ts'
import { IncomingMessage } from './messages.ts'
import { partOf, textBytes } from './vectors.ts'

const local: Address = { family: 'ip4', address: '127.0.0.1', port: 0 }
const backend = defaultBackend(testedLibc) as Backend
const ofSockets: readonly FunctionName[] = [
  'socket',
  'bind',
  'listen',
  'getsockname',
  'setsockopt',
  'accept4',
  'readv',
  'sendmsg',
  'recvmsg',
  'shutdown',
]

/** A libc each of whose calls on sockets is written down, and is interrupted by a signal as often as is said first. */
function watched(interruptions = 0): {
  readonly libc: Libc
  readonly calls: (readonly [string, readonly unknown[]])[]
} {
  const calls: (readonly [string, readonly unknown[]])[] = []
  let forged = 0
  const around = (name: FunctionName) => {
    let left = interruptions
    const real = testedLibc.fn[name] as (...args: unknown[]) => number
    return (...args: unknown[]): number => {
      calls.push([name, args])
      forged = left > 0 ? osConstants.errno.EINTR : 0
      return left-- > 0 ? -1 : real(...args)
    }
  }
  const fn = {
    ...testedLibc.fn,
    ...Object.fromEntries([...ofSockets, 'connect' as const].map((name) => [name, around(name)])),
  }
  return { libc: { ...testedLibc, fn, errno: () => (forged === 0 ? testedLibc.errno() : forged) }, calls }
}

test('a call that a signal interrupts is made again', () => {
  const { libc, calls } = watched(2)
  using real = realIo(libc, backend)
  const { io } = real
  real.run(function* () {
    using server = io.listen(local)
    using client = yield* io.connect(server.address)
    using accepted = yield* server.accept()
    yield* client.writeAll([textBytes('hello')])
    client.shutdown()
    expect(yield* readAll(accepted)).toBe('hello')
    using socket = io.bind(local)
    yield* socket.send([{ data: textBytes('x'), to: socket.address }])
    expect(yield* socket.receive([new IncomingMessage(new Memory(8))])).toBe(1)
  })
  for (const name of ofSockets) {
    expect([name, calls.filter(([called]) => called === name).length > 2]).toEqual([name, true])
  }
})

test('no signal says that nobody reads any more: it would end the process', () => {
  const { libc, calls } = watched()
  using real = realIo(libc, backend)
  const { io } = real
  real.run(function* () {
    using server = io.listen(local)
    using client = yield* io.connect(server.address)
    yield* client.write([textBytes('x')])
    yield* client.send([{ data: textBytes('x') }], { endOfRecord: true, dontRoute: true })
    expect(yield* client.write([])).toBe(0)
  })
  const flags = calls.filter(([name]) => name === 'sendmsg').map(([, args]) => args[2])
  expect(flags).toEqual([MSG.NOSIGNAL, MSG.NOSIGNAL | MSG.EOR | MSG.DONTROUTE])
})

test('a connection that failed on its way is not begun anew to hear why', () => {
  const { libc, calls } = watched()
  using real = realIo(libc, backend)
  const { io } = real
  real.run(function* () {
    const server = io.listen(local)
    server.close()
    expect(yield* outcomeOf(io.connect(server.address))).toMatch('connection-refused (ECONNREFUSED)')
  })
  expect(calls.filter(([name]) => name === 'connect')).toHaveLength(1)
})

test('a call takes eight vectors that are not empty, and read needs room', () => {
  using real = realIo(testedLibc, backend)
  const { io } = real
  real.run(function* () {
    using server = io.listen(local)
    using client = yield* io.connect(server.address)
    using accepted = yield* server.accept()
    const bytes = textBytes('abcdefghijklmnopqrst')
    const room = new Memory(20)
    const single = (of: typeof bytes) =>
      Array.from({ length: 20 }, (_, i) => [partOf(of, i, i), partOf(of, i, i + 1)]).flat()
    expect(yield* client.write(single(bytes))).toBe(8)
    yield* client.writeAll(single(bytes).slice(16))
    yield* io.sleep(1)
    expect(yield* accepted.read(single(partOf(room, 0, 20)))).toBe(8)
    expect(Buffer.from(room.bytes).toString('latin1', 0, 10)).toBe('abcdefgh\0\0')
    expect(yield* accepted.read([partOf(room, 8, 20)])).toBe(12)
    expect(Buffer.from(room.bytes).toString('latin1', 0, 20)).toBe('abcdefghijklmnopqrst')
    expect(yield* outcomeOf(accepted.read([]))).toMatch('RangeError: read needs room')
    expect(() => partOf(room, 5, 4)).toThrow(RangeError)
    expect(() => partOf(room, 0, 1000)).toThrow(RangeError)
  })
})

test('writing costs no more each where there are many vectors', () => {
  using real = realIo(testedLibc, backend)
  const { io } = real
  const COUNT = 160_000
  real.run(function* () {
    using server = io.listen(local)
    using client = yield* io.connect(server.address)
    using accepted = yield* server.accept()
    const byte = textBytes('x')
    const writing = io.async(function* () {
      yield* client.writeAll(Array.from({ length: COUNT }, () => byte))
      client.shutdown('write')
    })
    // Where all that are left are copied for each call, that is minutes, which is more than a test may take.
    expect(yield* readAll(accepted)).toBe('x'.repeat(COUNT))
    yield* io.await(writing)
  })
})

test('a fiber whose calls never have to wait lets the others run all the same', () => {
  using real = realIo(testedLibc, backend)
  const { io } = real
  let isOver = false
  let rounds = 0
  real.run(function* () {
    using server = io.listen({ family: 'unix', path: `\0evloop-calls-${process.pid}` })
    using client = yield* io.connect(server.address)
    using accepted = yield* server.accept()
    io.async(() => {
      isOver = true
    })
    const memory = new Memory(8)
    for (; !isOver && rounds < 10_000; rounds++) {
      yield* client.write([memory])
      expect(yield* accepted.read([memory])).toBe(8)
    }
  })
  expect([isOver, rounds > 0, rounds < 1000]).toEqual([true, true, true])
})

test('a fiber that only connects, which takes no time, lets the others run all the same', () => {
  using real = realIo(testedLibc, backend)
  const { io } = real
  let isOver = false
  let rounds = 0
  real.run(function* () {
    using socket = io.bind({ family: 'unix', path: `\0evloop-connects-${process.pid}` })
    io.async(() => {
      isOver = true
    })
    for (; !isOver && rounds < 10_000; rounds++) {
      ;(yield* io.connect(socket.address, { mode: 'datagram' })).close()
    }
  })
  expect([isOver, rounds < 1000]).toEqual([true, true])
})

test('who sends to a unix socket that has no room, and is not connected to it, asks seldom, and gets there', () => {
  const { libc, calls } = watched()
  using real = realIo(libc, backend)
  const { io } = real
  const COUNT = 600
  real.run(function* () {
    using to = io.bind({ family: 'unix', path: `\0evloop-to-${process.pid}` })
    using from = io.bind({ family: 'unix', path: `\0evloop-from-${process.pid}` })
    const data = textBytes('x')
    const sending = io.async(() => from.send(Array.from({ length: COUNT }, () => ({ data, to: to.address }))))
    yield* io.sleep(5)
    const before = calls.length
    yield* io.sleep(100)
    // It would be thousands: poll says all the time that there is room.
    expect(calls.length - before).toBeLessThanOrEqual(100)
    expect(sending.state).toBe('running')
    const messages = Array.from({ length: 16 }, () => new IncomingMessage(new Memory(8)))
    let got = 0
    while (got < COUNT) got += yield* to.receive(messages, { timeoutMs: 10_000 })
    expect([got, yield* io.await(sending)]).toEqual([COUNT, COUNT])
    const canceled = io.async(() =>
      from.send(Array.from({ length: COUNT }, () => ({ data, to: to.address }))),
    )
    yield* io.sleep(5)
    expect([yield* io.cancel(canceled), canceled.state]).toEqual([undefined, 'canceled'])
  })
  expect(real.left()).toBe(0)
})
