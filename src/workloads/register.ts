import { Interest } from '../backends/backend.ts'
import type { Cycle, Workload, WorkloadSetting } from './workload.ts'

/** What a connection costs before its first byte: adding it, changing its interest, removing it. */
export const register: Workload = {
  name: 'register',
  summary: 'with N registered: add, modify and remove one more',
  registered: (fds) => fds,
  sources: (fds) => fds + 1,
  extraDescriptors: 0,
  eventsPerCycle: () => 1,
  open({ poller, sources }: WorkloadSetting): Cycle {
    const fd = sources.fds.at(-1) ?? -1
    for (const [index, other] of sources.fds.subarray(0, -1).entries())
      poller.add(other, Interest.READ, index)
    return {
      run() {
        poller.add(fd, Interest.READ, 1)
        poller.modify(fd, Interest.READ | Interest.WRITE, 2)
        poller.remove(fd)
      },
    }
  },
}
