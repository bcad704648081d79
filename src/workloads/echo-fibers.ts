import { Interest, ReadinessBatch } from '../backends/backend.ts'
import type { RegistrationOptions } from '../backends/backend.ts'
import { MeasurementError } from '../errors.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { Memory } from '../libc/memory.ts'
import { acceptTcp, loopbackName, openTcpListener } from '../libc/tcp-pair.ts'
import type { Routine } from '../runtime/fiber.ts'
import { Io } from '../runtime/io/io.ts'
import { partOf } from '../runtime/io/vectors.ts'
import type { Stream } from '../runtime/io/stream.ts'
import type { Scheduler } from '../runtime/scheduler.ts'
import { EchoClients, MESSAGE_BYTES } from './echo-clients.ts'
import { bareAndFibers } from './runtime.ts'
import type { RuntimeSetting } from './runtime.ts'
import { activeOf } from './workload.ts'
import type { Cycle, Workload } from './workload.ts'

/** A server does not know how much comes. With room to spare, a read that gets less tells that it has got all. */
const BUFFER_BYTES = 1024

/** What a server costs that is written in fibers, against one that is written by hand. */
export const echoFibers: Workload = {
  name: 'echo-fibers',
  summary: `an echo server of N connections over loopback TCP, A of which send ${MESSAGE_BYTES} bytes; by hand, and a fiber each on the Io surface; per echo`,
  cases(options) {
    const { fds, eventsPerWait } = options
    const active = activeOf(options)
    return bareAndFibers(
      options,
      {
        fds,
        active,
        sources: { kind: options.source, count: 0 },
        // Both ends of each connection, and what is listened on.
        extraDescriptors: 2 * fds + 1,
        extraPerFd: 2,
        eventsPerCycle: active,
      },
      {
        bare: (setting, registration) =>
          cycleOf(new EchoClients(setting, fds, active), (clients) =>
            openBare(setting, clients, { registration, eventsPerWait }),
          ),
        fibers: (setting, scheduler) =>
          cycleOf(new EchoClients(setting, fds, active), (clients) =>
            openFibers(setting, clients, scheduler),
          ),
      },
    )
  },
}

/** A server that all clients are connected to. */
interface EchoServer {
  /** Answers what was sent. */
  serve(): void
  close(): void
}

/** Clients send, the server answers, and they look at what comes back. */
function cycleOf(clients: EchoClients, open: (clients: EchoClients) => EchoServer): Cycle {
  try {
    const server = open(clients)
    return {
      run() {
        clients.send()
        server.serve()
        clients.receive()
      },
      close() {
        clients.close()
        server.close()
      },
    }
  } catch (error) {
    clients.close()
    throw error
  }
}

interface BareOptions {
  readonly registration: RegistrationOptions
  readonly eventsPerWait: number
}

/** The loop that one writes over a Poller. */
function openBare(
  { lanes: [lane], poller }: RuntimeSetting,
  clients: EchoClients,
  { registration, eventsPerWait }: BareOptions,
): EchoServer {
  const { libc } = lane
  const batch = new ReadinessBatch(Math.min(clients.active + 1, eventsPerWait))
  const buffer = new Memory(BUFFER_BYTES)
  const opened: OwnedFd[] = []
  const close = (): void => {
    for (const one of opened) one.close()
  }
  try {
    const name = loopbackName()
    const listener = openTcpListener(libc, name, 1)
    opened.push(listener)
    clients.connect(name, () => {
      const connection = acceptTcp(libc, listener)
      opened.push(connection)
      poller.add(connection.fd, Interest.READ, connection.fd, registration)
      return connection.fd
    })
    // When all are there: an edge that is over already may be told of.
    poller.add(listener.fd, Interest.READ, listener.fd, registration)
  } catch (error) {
    close()
    throw error
  }
  return {
    serve() {
      for (let left = clients.active; left > 0;) {
        const n = poller.wait(batch, null)
        if (n <= 0) return
        for (let i = 0; i < n; i++) {
          const fd = batch.fds[i] ?? -1
          const read = libc.fn.read(fd, buffer.address, BUFFER_BYTES)
          if (read <= 0) continue
          clients.arrived(fd)
          libc.fn.write(fd, buffer.address, read)
          left--
        }
      }
    },
    close,
  }
}

/** A fiber for who connects, and one for each connection. */
function openFibers(
  { lanes: [lane], poller }: RuntimeSetting,
  clients: EchoClients,
  scheduler: Scheduler,
): EchoServer {
  const io = new Io(lane.libc, scheduler)
  /** What was not answered yet. */
  let left = 0
  function* serve(stream: Stream): Routine {
    const buffer = new Memory(BUFFER_BYTES)
    const whole = [buffer]
    for (;;) {
      const read = yield* stream.read(whole)
      if (read === 0) return
      clients.arrived(stream.fd)
      yield* stream.writeAll([partOf(buffer, 0, read)])
      if (--left === 0) scheduler.stop()
    }
  }
  try {
    const server = io.listen({ family: 'ip4', address: '127.0.0.1', port: 0 })
    const accepted: Stream[] = []
    io.async(function* () {
      for (;;) {
        const stream = yield* server.accept()
        accepted.push(stream)
        io.async(() => serve(stream))
        scheduler.stop()
      }
    }, 'accept')
    const settle = (): void => {
      scheduler.spawn(() => scheduler.stop())
      scheduler.run()
    }
    settle()
    const { address } = server
    let count = 0
    clients.connect(loopbackName('port' in address ? address.port : 0), () => {
      poller.expect(server.fd)
      scheduler.run()
      poller.drained(server.fd)
      const stream = accepted.pop()
      if (stream === undefined)
        throw new MeasurementError(`connection ${count} was not accepted: no event of it came`)
      count++
      return stream.fd
    })
    settle()
  } catch (error) {
    io.close()
    throw error
  }
  return {
    serve() {
      left = clients.active
      scheduler.run()
    },
    close: () => io.close(),
  }
}
