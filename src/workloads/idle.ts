import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { EVENTS_PER_WAIT } from './workload.ts'
import type { Cycle, Workload, WorkloadSetting } from './workload.ts'

/** What a wait costs when almost everything is idle: where poll and select grow with N, and epoll must not. */
export const idle: Workload = {
  name: 'idle',
  summary: 'N registered, one of them ready: one wait that does not block, one event',
  registered: (fds) => fds,
  sources: (fds) => fds,
  extraDescriptors: 0,
  eventsPerCycle: () => 1,
  open({ libc, poller, sources, events }: WorkloadSetting): Cycle {
    const batch = new ReadinessBatch(EVENTS_PER_WAIT)
    // The one in the middle: neither the first nor the last that a scan comes to.
    const ready = sources.length >> 1
    for (const [index, fd] of sources.fds.entries()) poller.add(fd, Interest.READ, index)
    sources.signal(libc, ready)
    return {
      run() {
        events.expected++
        const n = poller.wait(batch, 0)
        let seen = 0
        for (let i = 0; i < n; i++) {
          if (batch.tokenWords[2 * i] === ready) seen++
          else events.spurious++
        }
        if (seen === 0) events.lost++
        else events.seen++
        if (seen > 1) events.duplicate += seen - 1
      },
      close: () => sources.clear(libc, ready),
    }
  },
}
