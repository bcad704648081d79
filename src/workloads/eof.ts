import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { waitForDue } from './workload.ts'
import type { Cycle, Workload, WorkloadSetting } from './workload.ts'

/** How soon the end of a connection is seen. Making and registering the connection is not timed. */
export const eof: Workload = {
  name: 'eof',
  summary: 'a registered socketpair whose peer closes: from the close to the event',
  registered: () => 1,
  sources: () => 0,
  extraDescriptors: 2,
  eventsPerCycle: () => 1,
  open({ libc, poller, events }: WorkloadSetting): Cycle {
    // Room for one more than can be, so that an event that comes twice shows.
    const batch = new ReadinessBatch(2)
    let local: OwnedFd | undefined
    let peer: OwnedFd | undefined
    return {
      before() {
        ;[local, peer] = openSocketpair(libc)
        poller.add(local.fd, Interest.READ, 1)
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
}
