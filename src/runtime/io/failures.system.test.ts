/** Errors of sockets, each made to happen: the kernel says them, and nothing stays open or registered. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultBackend } from '../../backends/index.ts'
import type { Backend } from '../../backends/backend.ts'
import { SocketError } from '../../errors.ts'
import type { SocketProblem } from '../../errors.ts'
import { SO, SOL_SOCKET } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { testedBackends, testedLibc } from '../../testing/backends.ts'
import { NOTHING_LEFT, outcomeOf } from '../../testing/io.ts'
import { openCount, realIo } from '../../testing/real-io.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import type { Routine } from '../fiber.ts'
import type { Address } from './addresses.ts'
import type { Io } from './io.ts'
import { IncomingMessage } from './messages.ts'
import { textBytes } from './vectors.ts'

const libc = testedLibc
const directory = temporaryDirectory()
const local: Address = { family: 'ip4', address: '127.0.0.1', port: 0 }
const unix = (name: string): Address => ({ family: 'unix', path: join(directory, name) })
let names = 0
const abstract = (): Address => ({ family: 'unix', path: `\0evloop-failures-${process.pid}-${names++}` })

/** A unix address at which something listens that has been accepted from nothing yet: its queue is full. */
function* fullServer(io: Io): Routine<Disposable & { readonly address: Address }> {
  const server = io.listen(abstract(), { backlog: 0 })
  const queued = yield* io.connect(server.address)
  return {
    address: server.address,
    [Symbol.dispose]() {
      server.close()
      queued.close()
    },
  }
}

interface Failure {
  readonly what: string
  readonly problem: SocketProblem
  readonly code: string
  readonly act: (io: Io) => Routine<unknown>
}

const failures: readonly Failure[] = [
  {
    what: 'a port that nobody listens on',
    problem: 'connection-refused',
    code: 'ECONNREFUSED',
    *act(io) {
      const server = io.listen(local)
      const { address } = server
      server.close()
      yield* io.connect(address)
    },
  },
  {
    what: 'an address that is taken',
    problem: 'address-in-use',
    code: 'EADDRINUSE',
    *act(io) {
      using server = io.listen(local)
      yield* io.sleep(0)
      io.listen(server.address)
    },
  },
  {
    what: 'an address of another machine',
    problem: 'address-unavailable',
    code: 'EADDRNOTAVAIL',
    *act(io) {
      yield* io.sleep(0)
      io.bind({ family: 'ip4', address: '203.0.113.7', port: 0 })
    },
  },
  {
    what: 'a path that is not there',
    problem: 'file-not-found',
    code: 'ENOENT',
    *act(io) {
      yield* io.connect(unix('nothing'))
    },
  },
  {
    what: 'a path through a file',
    problem: 'not-a-directory',
    code: 'ENOTDIR',
    *act(io) {
      writeFileSync(join(directory, 'file'), '')
      yield* io.sleep(0)
      io.listen(unix('file/socket'))
    },
  },
  {
    what: 'a path through links that lead to themselves',
    problem: 'symlink-loop',
    code: 'ELOOP',
    *act(io) {
      rmSync(join(directory, 'loop'), { force: true })
      symlinkSync(join(directory, 'loop'), join(directory, 'loop'))
      yield* io.sleep(0)
      io.listen(unix('loop/socket'))
    },
  },
  {
    what: 'a file that no socket listens at',
    problem: 'connection-refused',
    code: 'ECONNREFUSED',
    *act(io) {
      mkdirSync(join(directory, 'd'), { recursive: true })
      rmSync(join(directory, 'd/left'), { force: true })
      io.listen(unix('d/left')).close()
      yield* io.connect(unix('d/left'))
    },
  },
  {
    what: 'a mode that the other end has not',
    problem: 'socket-mode-unsupported',
    code: 'EPROTOTYPE',
    *act(io) {
      using server = io.listen(unix(`stream${names++}`))
      yield* io.connect(server.address, { mode: 'seqpacket' })
    },
  },
  {
    what: 'a protocol that the mode has not',
    problem: 'protocol-unsupported-by-address-family',
    code: 'EPROTONOSUPPORT',
    *act(io) {
      yield* io.connect(local, { protocol: 17 })
    },
  },
  {
    what: 'a write that nobody reads',
    problem: 'socket-unconnected',
    code: 'EPIPE',
    *act(io) {
      using server = io.listen(abstract())
      using client = yield* io.connect(server.address)
      ;(yield* server.accept()).close()
      yield* client.write([textBytes('x')])
    },
  },
  {
    what: 'a read of a connection that was reset',
    problem: 'connection-reset-by-peer',
    code: 'ECONNRESET',
    *act(io) {
      using server = io.listen(local)
      using client = yield* io.connect(server.address)
      const reading = io.async(() => client.read([new Memory(8)]))
      const accepted = yield* server.accept()
      yield* io.sleep(1)
      const linger = new Memory(layouts.linger.size)
      linger.view.setInt32(layouts.linger.offsets.onoff, 1, true)
      sys(libc, 'setsockopt', accepted.fd, SOL_SOCKET, SO.LINGER, linger.address, layouts.linger.size)
      accepted.close()
      yield* io.await(reading)
    },
  },
  {
    what: 'a message that is larger than any may be',
    problem: 'message-oversize',
    code: 'EMSGSIZE',
    *act(io) {
      using socket = io.bind(local)
      yield* socket.send([{ data: new Memory(70_000), to: socket.address }])
    },
  },
  {
    what: 'a message to nobody',
    problem: 'socket-unconnected',
    code: 'ENOTCONN',
    *act(io) {
      using socket = io.bind(abstract())
      yield* socket.send([{ data: new Memory(8) }])
    },
  },
  {
    what: 'a connection for which there is no room within the time limit',
    problem: 'timeout',
    code: '',
    *act(io) {
      using server = yield* fullServer(io)
      yield* io.connect(server.address, { timeoutMs: 8 })
    },
  },
  {
    what: 'a connection for which there is no room, until all sockets are closed',
    problem: 'closed',
    code: '',
    *act(io) {
      using server = yield* fullServer(io)
      const connecting = io.async(() => io.connect(server.address))
      yield* io.sleep(1)
      io.close()
      yield* io.await(connecting)
    },
  },
  {
    what: 'a connection that is on its way, until all sockets are closed',
    problem: 'closed',
    code: '',
    *act(io) {
      using server = io.listen(local, { backlog: 0 })
      // The first has its place in the queue; the others wait.
      const others = [0, 1].map(() => io.async(() => outcomeOf(io.connect(server.address))))
      const last = io.async(() => io.connect(server.address))
      yield* io.sleep(5)
      io.close()
      for (const other of others) yield* io.await(other)
      yield* io.await(last)
    },
  },
  {
    what: 'a shutdown after close',
    problem: 'closed',
    code: '',
    *act(io) {
      using server = io.listen(abstract())
      const client = yield* io.connect(server.address)
      client.close()
      client.shutdown()
    },
  },
]

describe.each(testedBackends)('over %s', (_name, backend) => {
  test.each(failures)('$what is $problem', ({ problem, code, act }) => {
    const before = openCount()
    using real = realIo(libc, backend)
    const { io } = real
    const opened = openCount()
    let caught: unknown
    real.run(function* () {
      try {
        yield* act(io)
      } catch (error) {
        caught = error
      }
    })
    expect(caught).toBeInstanceOf(SocketError)
    const error = caught as SocketError
    expect([error.problem, error.code]).toEqual([problem, code])
    expect(error.where).toMatch(/^fiber \d/)
    expect([real.left(), real.scheduler.counts]).toEqual([0, NOTHING_LEFT])
    real.scheduler.close()
    expect([opened, openCount()]).toEqual([before, before])
  })
})

/** With no descriptor to be had. */
function* withoutDescriptors(act: () => Routine): Routine {
  const limits = new Memory(layouts.rlimit.size)
  const RLIMIT_NOFILE = 7
  sys(libc, 'getrlimit', RLIMIT_NOFILE, limits.address)
  const soft = limits.view.getBigUint64(0, true)
  limits.view.setBigUint64(0, 3n, true)
  sys(libc, 'setrlimit', RLIMIT_NOFILE, limits.address)
  try {
    yield* act()
  } finally {
    limits.view.setBigUint64(0, soft, true)
    sys(libc, 'setrlimit', RLIMIT_NOFILE, limits.address)
  }
}

test('a limit of descriptors is told by accept, socket, and the first wait of all, and the connection waits on', () => {
  using real = realIo(libc, defaultBackend(libc) as Backend)
  const { io } = real
  real.run(function* () {
    using server = io.listen(abstract())
    using idle = io.listen(local)
    using client = yield* io.connect(server.address)
    yield* withoutDescriptors(function* () {
      for (const act of [() => server.accept(), () => io.connect(server.address), () => idle.accept()]) {
        expect(yield* outcomeOf(act())).toMatch(/process-fd-quota-exceeded \(EMFILE\)$/)
      }
    })
    using accepted = yield* server.accept()
    expect([accepted.peer, client.peer]).toEqual([client.address, server.address])
  })
  expect([real.left(), real.scheduler.counts]).toEqual([0, NOTHING_LEFT])
})

test('an error of a later message says how many were sent, and received, before', () => {
  using real = realIo(libc, defaultBackend(libc) as Backend)
  const { io } = real
  real.run(function* () {
    using socket = io.bind(local)
    const sent = [new Memory(8), new Memory(16), new Memory(70_000)].map((data) => ({
      data,
      to: socket.address,
    }))
    try {
      yield* socket.send(sent)
      expect.unreachable()
    } catch (error) {
      expect((error as SocketError).completed).toBe(2)
    }
    const messages = Array.from({ length: 3 }, () => new IncomingMessage(new Memory(64)))
    let got = 0
    while (got < 2) got += yield* socket.receive(messages.slice(got))
    expect(messages.map(({ length }) => length)).toEqual([8, 16, 0])
  })
})
