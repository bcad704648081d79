/** Errors of sockets that a backend takes from them, as libkqueue does: their own calls then know nothing of it. */
import { expect, test } from 'vitest'
import { defaultBackend } from '../../backends/index.ts'
import type { Backend, Poller } from '../../backends/backend.ts'
import { SO, SOL_SOCKET } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { testedLibc } from '../../testing/backends.ts'
import { outcomeOf } from '../../testing/io.ts'
import { realIo } from '../../testing/real-io.ts'
import type { Routine } from '../fiber.ts'
import type { Address } from './addresses.ts'
import type { Io } from './io.ts'
import { IncomingMessage } from './messages.ts'
import type { Stream } from './stream.ts'
import { textBytes } from './vectors.ts'

const libc = testedLibc
const local: Address = { family: 'ip4', address: '127.0.0.1', port: 0 }
const word = new Memory(8)

/** Takes SO_ERROR with each event. */
function taking(real: Backend): Backend {
  return {
    ...real,
    open(...args) {
      const poller = real.open(...args)
      const wait: Poller['wait'] = (batch, timeoutNs) => {
        const n = poller.wait(batch, timeoutNs)
        for (let i = 0; i < n; i++) {
          word.view.setUint32(4, 4, true)
          const fd = batch.fds[i] ?? -1
          libc.fn.getsockopt(fd, SOL_SOCKET, SO.ERROR, word.address, word.at(4))
          batch.errors[i] = word.view.getInt32(0, true)
        }
        return n
      }
      return Object.assign(Object.create(poller) as Poller, {
        wait,
        add: poller.add.bind(poller),
        modify: poller.modify.bind(poller),
        remove: poller.remove.bind(poller),
        close: () => poller.close(),
      })
    },
  }
}

/** Ends a connection with a reset. */
function reset(stream: Stream): void {
  const { linger } = layouts
  const memory = new Memory(linger.size)
  memory.view.setInt32(linger.offsets.onoff, 1, true)
  sys(libc, 'setsockopt', stream.fd, SOL_SOCKET, SO.LINGER, memory.address, linger.size)
  stream.close()
}

/** What becomes of a call that waits while the other end resets the connection. */
function* whileReset(io: Io, call: (client: Stream) => Routine<unknown>): Routine<string> {
  using server = io.listen(local)
  using client = yield* io.connect(server.address)
  const accepted = yield* server.accept()
  const waiting = io.async(() => outcomeOf(call(client)))
  yield* io.sleep(5)
  expect(waiting.state).toBe('running')
  reset(accepted)
  return yield* io.await(waiting)
}

const calls: Readonly<Record<string, (client: Stream) => Routine<unknown>>> = {
  read: (client) => client.read([new Memory(8)]),
  receive: (client) => client.receive([new IncomingMessage(new Memory(8))]),
  write: (client) => client.writeAll([new Memory(1 << 24)]),
}

test.each(Object.keys(calls))('a reset connection is told as one by %s, and does not only end', (name) => {
  using real = realIo(libc, taking(defaultBackend(libc) as Backend))
  const { io } = real
  real.run(function* () {
    const call = calls[name] as (client: Stream) => Routine<unknown>
    expect(yield* whileReset(io, call)).toMatch(/connection-reset-by-peer \(ECONNRESET\)$/)
  })
})

test('a refused connection, and a refused datagram, are told as such', () => {
  using real = realIo(libc, taking(defaultBackend(libc) as Backend))
  const { io } = real
  real.run(function* () {
    const server = io.listen(local)
    server.close()
    expect(yield* outcomeOf(io.connect(server.address))).toMatch(/connection-refused \(ECONNREFUSED\)$/)
    const other = io.bind(local)
    using client = yield* io.connect(other.address, { mode: 'datagram' })
    other.close()
    const receiving = io.async(() => outcomeOf(client.receive([new IncomingMessage(new Memory(8))])))
    yield* io.sleep(1)
    yield* client.send([{ data: textBytes('x') }])
    expect(yield* io.await(receiving)).toMatch(/connection-refused \(ECONNREFUSED\)$/)
  })
})

test('the error of a descriptor is none of the next one that has its number', () => {
  using real = realIo(libc, taking(defaultBackend(libc) as Backend))
  const { io, scheduler } = real
  real.run(function* () {
    using server = io.listen(local)
    const client = yield* io.connect(server.address)
    const accepted = yield* server.accept()
    const waiting = scheduler.go(function* () {
      yield scheduler.blockOnFd(client.fd, 'read')
    })
    yield* io.sleep(1)
    reset(accepted)
    yield* waiting.wait()
    const { fd } = client
    client.close()
    using next = yield* io.connect(server.address)
    using other = yield* server.accept()
    other.shutdown('write')
    expect([next.fd, yield* next.read([new Memory(8)])]).toEqual([fd, 0])
  })
})
