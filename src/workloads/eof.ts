import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { waitForDue } from './wait.ts'
import { lacksTrigger } from './workload.ts'
import type { Workload } from './workload.ts'

/** How soon the end of a connection is seen. Making and registering the connection is not timed. */
export const eof: Workload = {
  name: 'eof',
  summary: 'a registered socketpair whose peer closes: from the close to the event',
  cases: ({ trigger, source, eventsPerWait }) => [
    {
      fds: 1,
      active: 1,
      sources: { kind: source, count: 0 },
      extraDescriptors: 2,
      eventsPerCycle: 1,
      timing: 'each',
      cannot: (backend) => lacksTrigger(backend, trigger),
      open({ lanes: [lane], events }) {
        const poller = lane.open()
        const batch = new ReadinessBatch(Math.min(2, eventsPerWait))
        let local: OwnedFd | undefined
        let peer: OwnedFd | undefined
        return {
          before() {
            ;[local, peer] = openSocketpair(lane.libc)
            poller.add(local.fd, Interest.READ, 1, { trigger })
          },
          run() {
            events.expected++
            peer?.close()
            // select cannot tell an end from data; since nobody writes, any event is the end.
            const n = waitForDue(poller, batch)
            if (n === 0) events.lost++
            else events.seen++
            if (n > 1) events.duplicate += n - 1
          },
          after() {
            if (local !== undefined) poller.remove(local.fd)
            local?.close()
          },
          close() {
            local?.close()
            peer?.close()
          },
        }
      },
    },
  ],
}
