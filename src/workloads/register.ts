import { Interest } from '../backends/backend.ts'
import { descriptorsPerSource, openEnds } from './sources.ts'
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
      sources: { kind: source, count: fds },
      extraDescriptors: descriptorsPerSource[source],
      eventsPerCycle: 1,
      timing: 'batch',
      cannot: (backend) => lacksTrigger(backend, trigger),
      open({ lanes: [lane], sources }) {
        const poller = lane.open()
        for (const [index, fd] of sources.fds.entries()) poller.add(fd, Interest.READ, index, { trigger })
        const ends = openEnds(lane.libc, source)
        const [{ fd: another }] = ends
        return {
          run() {
            poller.add(another, Interest.READ, 1, { trigger })
            poller.modify(another, Interest.READ | Interest.WRITE, 2, { trigger })
            poller.remove(another)
          },
          close() {
            for (const end of new Set(ends)) end.close()
          },
        }
      },
    },
  ],
}
