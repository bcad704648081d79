import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { LOST_AFTER_NS } from './workload.ts'
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
    const batch = new ReadinessBatch(1)
    poller.add(sources.fds[0] ?? -1, Interest.READ, 0)
    return {
      run() {
        sources.signal(libc, 0)
        events.expected++
        if (poller.wait(batch, LOST_AFTER_NS) !== 1) {
          events.lost++
          return
        }
        const drained = sources.drain(libc, 0)
        if (drained === 0) events.spurious++
        events.seen += drained
      },
    }
  },
}
