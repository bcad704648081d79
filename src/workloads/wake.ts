import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { waitForDue } from './workload.ts'
import type { Cycle, Workload, WorkloadSetting } from './workload.ts'

/** The round trip of every event loop: signal, wait, drain. */
export const wake: Workload = {
  name: 'wake',
  summary: 'one registered source: signal it, wait for its event, drain it',
  registered: () => 1,
  sources: () => 1,
  extraDescriptors: 0,
  eventsPerCycle: () => 1,
  open({ libc, poller, sources, events }: WorkloadSetting): Cycle {
    // Room for one more than can be, so that an event that comes twice shows.
    const batch = new ReadinessBatch(2)
    poller.add(sources.fds[0] ?? -1, Interest.READ, 0)
    return {
      run() {
        sources.signal(libc, 0)
        events.expected++
        const n = waitForDue(poller, batch)
        if (n === 0) {
          events.lost++
          return
        }
        events.duplicate += n - 1
        const drained = sources.drain(libc, 0)
        if (drained === 0) events.spurious++
        events.seen += drained
      },
      close: () => sources.clear(libc, 0),
    }
  },
}
