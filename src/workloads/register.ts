import { Interest } from '../backends/backend.ts'
import { lacksTrigger } from './workload.ts'
import type { Workload } from './workload.ts'

/**
 * What a connection costs before its first byte: adding it, changing its interest, removing it. poll and select
 * keep no registrations in the kernel; there it is the look at the descriptor that makes a closed one EBADF.
 */
export const register: Workload = {
  name: 'register',
  summary: 'with N registered: add, modify and remove one more',
  cases: ({ fds, source, trigger }) => [
    {
      fds,
      active: 0,
      sources: { kind: source, count: fds + 1 },
      extraDescriptors: 0,
      eventsPerCycle: 1,
      timing: 'batch',
      cannot: (backend) => lacksTrigger(backend, trigger),
      open({ lanes: [lane], sources }) {
        const poller = lane.open()
        const fd = sources.fds.at(-1) ?? -1
        for (const [index, other] of sources.fds.subarray(0, -1).entries()) {
          poller.add(other, Interest.READ, index, { trigger })
        }
        return {
          run() {
            poller.add(fd, Interest.READ, 1, { trigger })
            poller.modify(fd, Interest.READ | Interest.WRITE, 2, { trigger })
            poller.remove(fd)
          },
        }
      },
    },
  ],
}
