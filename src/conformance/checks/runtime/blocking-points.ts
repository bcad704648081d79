import { Memory } from '../../../libc/memory.ts'
import { isRoutine } from '../../../runtime/fiber.ts'
import type { Routine } from '../../../runtime/fiber.ts'
import type { Io } from '../../../runtime/io/io.ts'
import { IncomingMessage } from '../../../runtime/io/messages.ts'
import { textBytes } from '../../../runtime/io/vectors.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import { connected, expectProgram, IO_SEED, loopback, openIo, textOf, uniqueAddress } from './io.ts'

/** What a fiber that is canceled was about, and what must still work when it is gone. */
interface Blocked {
  readonly wait: () => Routine<unknown>
  /** Says `works` where what was waited for can still be had. */
  readonly retry: () => string | Routine<string>
}

/** More than the kernel takes at once. */
const LARGE_BYTES = 1 << 20
const LARGE_MESSAGE_BYTES = 4096

/** A way to wait: its name, in words, and what its cancellation calls it. */
interface Point {
  readonly name: string
  readonly words: string
  readonly operation: string
  readonly prepare: (io: Io) => Blocked | Routine<Blocked>
}

const points: readonly Point[] = [
  {
    name: 'sleep',
    words: 'a sleep',
    operation: 'sleep',
    prepare(io) {
      return {
        wait: () => io.sleep(1000),
        *retry() {
          yield* io.sleep(1)
          return 'works'
        },
      }
    },
  },
  {
    name: 'lock',
    words: 'the wait for a mutex',
    operation: 'lock of mutex',
    *prepare(io) {
      const mutex = io.mutex()
      yield* mutex.lock()
      return {
        wait: () => mutex.lock(),
        *retry() {
          mutex.unlock()
          yield* mutex.lock()
          return 'works'
        },
      }
    },
  },
  {
    name: 'condition',
    words: 'the wait in a condition',
    operation: 'wait in condition',
    prepare(io) {
      const mutex = io.mutex()
      const condition = io.condition()
      const wait = function* (): Routine {
        yield* mutex.lock()
        try {
          yield* condition.wait(mutex)
        } finally {
          mutex.unlock()
        }
      }
      return {
        wait,
        *retry() {
          const waiting = io.async(wait)
          yield* io.sleep(1)
          condition.wakeOne()
          yield* io.await(waiting)
          return 'works'
        },
      }
    },
  },
  {
    name: 'await',
    words: 'the wait for a result',
    operation: 'await of task slow',
    prepare(io) {
      const slow = io.async(function* () {
        yield* io.sleep(100)
        return 'works'
      }, 'slow')
      return { wait: () => io.await(slow), retry: () => io.await(slow) }
    },
  },
  {
    name: 'select',
    words: 'the wait for the first of several',
    operation: 'select',
    prepare(io) {
      const slow = io.async(() => io.sleep(100))
      return {
        wait: () => io.select([slow]),
        *retry() {
          return (yield* io.select([slow])) === 0 ? 'works' : 'another one'
        },
      }
    },
  },
  {
    name: 'group-wait',
    words: 'the wait for a group, and its members,',
    operation: 'group',
    prepare(io) {
      const group = io.group()
      group.async(() => io.sleep(100))
      return {
        wait: () => group.wait(),
        // A wait that is canceled ends the members, too.
        retry() {
          return group.size === 0 ? 'works' : `${group.size} members left`
        },
      }
    },
  },
  {
    name: 'accept',
    words: 'the wait for a connection',
    operation: 'accept',
    prepare(io) {
      const server = io.listen(loopback)
      return {
        wait: () => server.accept(),
        *retry() {
          using _client = yield* io.connect(server.address)
          using _accepted = yield* server.accept()
          server.close()
          return 'works'
        },
      }
    },
  },
  {
    name: 'connect',
    words: 'the wait for room in the queue of a server',
    operation: 'connect',
    *prepare(io) {
      const server = io.listen(uniqueAddress(), { backlog: 0 })
      // The queue is full with it.
      const queued = yield* io.connect(server.address)
      return {
        wait: () => io.connect(server.address),
        *retry() {
          using _accepted = yield* server.accept()
          using _client = yield* io.connect(server.address)
          queued.close()
          server.close()
          return 'works'
        },
      }
    },
  },
  {
    name: 'read',
    words: 'a read',
    operation: 'read',
    *prepare(io) {
      const [near, far] = yield* connected(io)
      const memory = new Memory(8)
      return {
        wait: () => near.read([memory]),
        *retry() {
          yield* far.writeAll([textBytes('works')])
          const length = yield* near.read([memory])
          near.close()
          far.close()
          return textOf(memory, length)
        },
      }
    },
  },
  {
    name: 'write',
    words: 'a write of more than there is room for',
    operation: 'write',
    *prepare(io) {
      const [near, far] = yield* connected(io)
      const large = new Memory(LARGE_BYTES)
      let written = 0
      return {
        *wait() {
          for (;;) written += yield* near.write([large])
        },
        // Just what write has said arrives.
        *retry() {
          near.close()
          let read = 0
          for (let length = -1; length !== 0; read += length) length = yield* far.read([large])
          far.close()
          return read === written ? 'works' : `${read} of ${written} bytes`
        },
      }
    },
  },
  {
    name: 'receive',
    words: 'the wait for a message',
    operation: 'receive',
    prepare(io) {
      const socket = io.bind(loopback)
      const message = new IncomingMessage(new Memory(8))
      return {
        wait: () => socket.receive([message]),
        *retry() {
          yield* socket.send([{ data: textBytes('works'), to: socket.address }])
          yield* socket.receive([message])
          socket.close()
          return textOf(message.data as Memory, message.length)
        },
      }
    },
  },
  {
    name: 'send',
    words: 'the wait for room for a message',
    operation: 'send',
    *prepare(io) {
      const to = io.bind(uniqueAddress())
      const from = yield* io.connect(to.address, { mode: 'datagram' })
      const message = new IncomingMessage(new Memory(8))
      // Large, for where bytes are counted and not messages, a queue of small ones takes long to fill.
      const data = textBytes('works'.padEnd(LARGE_MESSAGE_BYTES))
      let sent = 0
      return {
        *wait() {
          for (;;) sent += yield* from.send([{ data }])
        },
        *retry() {
          let received = 0
          for (; received < sent; received++) yield* to.receive([message])
          from.close()
          to.close()
          return textOf(message.data as Memory, 5)
        },
      }
    },
  },
]

/** Does what may wait, and need not. */
function* done<T>(made: T | Routine<T>): Routine<T> {
  return isRoutine(made) ? yield* made : made
}

/** How the kernel or the runtime is waited for at each point, and cannot be any more. */
export const blockingPoints: readonly Check[] = points.map(({ name, words, operation, prepare }) =>
  portableCheck({
    id: `runtime.cancel-${name}`,
    statement: `A cancellation ends ${words} at once, leaves nothing registered, and loses nothing.`,
    source: `${IO_SEED} (each call that waits gives error.Canceled)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, `running canceled ${operation}@5 0 works`, function* (log) {
        const { wait, retry } = yield* done<Blocked>(prepare(io))
        const work = io.async(wait)
        yield* io.sleep(5)
        log.push(work.state)
        yield* io.cancel(work)
        log.push(work.state, `${work.canceled?.operation ?? ''}@${io.now()}`)
        // What has fired, and is wanted no more, is removed before the next wait.
        yield* io.sleep(0)
        log.push(String(io.scheduler.counts.registrations))
        log.push(yield* done<string>(retry()))
      })
    },
  }),
)
