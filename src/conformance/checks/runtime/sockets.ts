import { SocketError } from '../../../errors.ts'
import { Memory } from '../../../libc/memory.ts'
import type { Routine } from '../../../runtime/fiber.ts'
import type { Address } from '../../../runtime/io/addresses.ts'
import type { Io } from '../../../runtime/io/io.ts'
import { IncomingMessage } from '../../../runtime/io/messages.ts'
import { partOf, textBytes } from '../../../runtime/io/vectors.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import {
  connected,
  expectProgram,
  IO_SEED,
  loopback,
  openIo,
  readToEnd,
  textOf,
  uniqueAddress,
} from './io.ts'

const families: readonly (readonly [string, string, () => Address])[] = [
  ['ip4', 'IPv4', () => loopback],
  ['ip6', 'IPv6', () => ({ family: 'ip6', address: '::1', port: 0 })],
  ['unix', 'Unix sockets', uniqueAddress],
]

/** What an action fails with: the problem of a socket. */
function* problemOf(action: () => Routine<unknown>): Routine<string> {
  try {
    yield* action()
    return 'no error'
  } catch (error) {
    if (error instanceof SocketError) return error.problem
    throw error
  }
}

/** A way to fail: what is done, and the problem that it must be. */
interface Failing {
  readonly name: string
  readonly statement: string
  readonly problem: string
  readonly act: (io: Io) => Routine<unknown>
}

const failing: readonly Failing[] = [
  {
    name: 'connection-refused',
    statement: 'To connect where nobody listens is connection-refused.',
    problem: 'connection-refused',
    *act(io) {
      const server = io.listen(loopback)
      server.close()
      yield* io.connect(server.address)
    },
  },
  {
    name: 'address-in-use',
    statement: 'To listen where somebody listens is address-in-use.',
    problem: 'address-in-use',
    *act(io) {
      using server = io.listen(loopback)
      yield* io.sleep(0)
      io.listen(server.address)
    },
  },
  {
    name: 'reset',
    statement: 'A read of what the other end has reset is connection-reset-by-peer.',
    problem: 'connection-reset-by-peer',
    *act(io) {
      const [near, far] = yield* connected(io)
      yield* near.writeAll([textBytes('never read')])
      // To close what has come and was not read is a reset.
      yield io.scheduler.blockOnFd(far.fd, 'read')
      far.close()
      yield* near.read([new Memory(8)])
    },
  },
  {
    name: 'nobody-reads',
    statement: 'A write that nobody can read any more is socket-unconnected, and no signal.',
    problem: 'socket-unconnected',
    *act(io) {
      const [near, far] = yield* connected(io, uniqueAddress())
      far.close()
      yield* near.write([textBytes('lost')])
    },
  },
  {
    name: 'closed-while-waiting',
    statement: 'Closing a socket ends the fibers that wait for it, with an error that says closed.',
    problem: 'closed',
    *act(io) {
      const [near] = yield* connected(io)
      io.async(function* () {
        yield* io.sleep(2)
        near.close()
      })
      yield* near.read([new Memory(8)])
    },
  },
  {
    name: 'timeout',
    statement:
      'A receive that nothing comes for ends when its time is over, with an error that says timeout.',
    problem: 'timeout',
    *act(io) {
      using socket = io.bind(loopback)
      yield* socket.receive([new IncomingMessage(new Memory(8))], { timeoutMs: 5 })
    },
  },
]

const streams = families.map(([name, title, addressOf]) =>
  portableCheck({
    id: `runtime.stream-${name}`,
    statement: `${title}: a server serves several connections at once, each of which gets all its bytes, in order, and its end.`,
    source: `${IO_SEED} (netListen, netAccept, netConnect, netRead, netWrite)`,
    descriptors: 12,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'echo a0.a1. echo b0.b1. echo c0.c1.', function* (log) {
        using server = io.listen(addressOf())
        const group = io.group()
        for (const name_ of ['a', 'b', 'c']) {
          group.async(function* () {
            using stream = yield* server.accept()
            const text = yield* readToEnd(stream)
            // Two vectors, of which one is empty, and a part of another.
            const answer = textBytes(`echo ${text}!`)
            yield* stream.writeAll([
              partOf(answer, 0, 5),
              partOf(answer, 5, 5),
              partOf(answer, 5, answer.bytes.length - 1),
            ])
          })
          group.async(function* () {
            using client = yield* io.connect(server.address)
            yield* client.writeAll([textBytes(`${name_}0.`)])
            yield* io.sleep(1)
            yield* client.writeAll([textBytes(`${name_}1.`)])
            client.shutdown('write')
            log.push(yield* readToEnd(client))
          })
        }
        yield* group.wait()
        log.sort()
      })
    },
  }),
)

const messages = families.map(([name, title, addressOf]) =>
  portableCheck({
    id: `runtime.message-${name}`,
    statement: `${title}: a message arrives whole, one for one, with its sender; one that is too long says that it was cut.`,
    source: `${IO_SEED} (netSend, netReceive)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'one@1 two@1 2 lon cut', function* (log) {
        using to = io.bind(addressOf())
        using from = io.bind(addressOf())
        io.async(function* () {
          yield* io.sleep(1)
          const texts = ['one', 'two', 'longer'].map(textBytes)
          yield* from.send(texts.map((data) => ({ data, to: to.address })))
        })
        const memories = [new Memory(3), new Memory(3)]
        const received = memories.map((memory) => new IncomingMessage(memory))
        // The second may be on its way yet when the first has come.
        let count = 0
        while (count < 2) count += yield* to.receive(received.slice(count))
        for (const [i, message] of received.entries()) {
          const sender = JSON.stringify(message.from) === JSON.stringify(from.address) ? '' : ' of another'
          log.push(`${textOf(memories[i] ?? new Memory(1), message.length)}@${io.now()}${sender}`)
        }
        log.push(String(count))
        const long = new Memory(8)
        const cut = new IncomingMessage(partOf(long, 0, 3))
        yield* to.receive([cut])
        log.push(textOf(long, cut.length), cut.isTruncated ? 'cut' : 'whole')
      })
    },
  }),
)

/** Real sockets, by real calls. */
export const sockets: readonly Check[] = [
  ...streams,
  ...messages,
  ...failing.map(({ name, statement, problem, act }) =>
    portableCheck({
      id: `runtime.${name}`,
      statement,
      source: `${IO_SEED} (the errors of its calls)`,
      run(machine) {
        const io = openIo(machine)
        expectProgram(machine, io, problem, function* (log) {
          log.push(yield* problemOf(() => act(io)))
          io.close()
        })
      },
    }),
  ),
]
