import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { openTcpPair } from '../libc/tcp-pair.ts'
import { Memory } from '../libc/memory.ts'
import { waitForDue } from './wait.ts'
import { lacksTrigger, needsNoRearm } from './workload.ts'
import type { Workload } from './workload.ts'

/** A small request and its response. */
const MESSAGE_BYTES = 64

/** What everything around it leaves of a wait's cost: a request and a response over loopback TCP. */
export const echo: Workload = {
  name: 'echo',
  summary: `loopback TCP, two registered sockets: ${MESSAGE_BYTES} bytes there and back`,
  cases: ({ trigger, source, eventsPerWait }) => [
    {
      fds: 2,
      active: 1,
      sources: { kind: source, count: 0 },
      extraDescriptors: 3,
      eventsPerCycle: 1,
      timing: 'batch',
      cannot: (backend) => lacksTrigger(backend, trigger) ?? needsNoRearm(trigger),
      open({ lanes: [lane], events }) {
        const { libc } = lane
        const poller = lane.open()
        const batch = new ReadinessBatch(Math.min(2, eventsPerWait))
        const message = new Memory(MESSAGE_BYTES)
        const [client, server] = openTcpPair(libc)
        for (const [token, { fd }] of [client, server].entries()) {
          poller.add(fd, Interest.READ, token, { trigger })
        }
        const send = (from: number): void => {
          libc.fn.write(from, message.address, MESSAGE_BYTES)
          events.expected++
        }
        const receive = (token: number, at: number): void => {
          const n = waitForDue(poller, batch)
          if (n === 0) events.lost++
          else if (batch.tokenWords[0] !== token) events.spurious++
          else events.seen++
          if (n > 1) events.duplicate += n - 1
          if (libc.fn.read(at, message.address, MESSAGE_BYTES) !== MESSAGE_BYTES) events.spurious++
        }
        return {
          run() {
            send(client.fd)
            receive(1, server.fd)
            send(server.fd)
            receive(0, client.fd)
          },
          close() {
            client.close()
            server.close()
          },
        }
      },
    },
  ],
}
