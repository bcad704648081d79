import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { EVENTS_PER_WAIT, waitForDue } from './workload.ts'
import type { Cycle, Workload, WorkloadSetting } from './workload.ts'

/**
 * Chains of events through N sources, as libevent's bench has them: A sources are signalled at the start,
 * evenly spread; every event drains its source and signals the next one, until N more were signalled.
 */
export const dispatch: Workload = {
  name: 'dispatch',
  summary:
    'N registered, A active: every event drains its source and signals the next, A + N events; per event',
  registered: (fds) => fds,
  sources: (fds) => fds,
  extraDescriptors: 0,
  eventsPerCycle: (fds, active) => fds + active,
  open({ libc, poller, sources, active, events }: WorkloadSetting): Cycle {
    const batch = new ReadinessBatch(EVENTS_PER_WAIT)
    const count = sources.length
    const step = Math.max(1, Math.floor(count / active))
    /** In which wait a source was last reported, to tell a duplicate from a spurious event. */
    const reportedIn = new Uint32Array(count)
    let wait = 0
    /** Whether every signal was drained; not so after a loss or an error. */
    let settled = true
    for (const [index, fd] of sources.fds.entries()) poller.add(fd, Interest.READ, index)
    return {
      run() {
        settled = false
        for (let k = 0; k < active; k++) sources.signal(libc, k * step)
        let signalled = active
        let left = count
        let drained = 0
        while (drained < signalled) {
          const n = waitForDue(poller, batch)
          if (n === 0) break
          wait++
          const before = drained
          for (let i = 0; i < n; i++) {
            const index = batch.tokenWords[2 * i] ?? 0
            const got = sources.drain(libc, index)
            if (got === 0 && reportedIn[index] === wait) events.duplicate++
            else if (got === 0) events.spurious++
            reportedIn[index] = wait
            drained += got
            for (let sent = 0; sent < got && left > 0; sent++, left--, signalled++) {
              sources.signal(libc, index + 1 === count ? 0 : index + 1)
            }
          }
          // A backend that only repeats and invents events would go on for ever.
          if (drained === before) break
        }
        events.expected += signalled
        events.seen += drained
        events.lost += signalled - drained
        settled = drained === signalled
      },
      close() {
        if (settled) return
        for (let index = 0; index < count; index++) sources.clear(libc, index)
      },
    }
  },
}
