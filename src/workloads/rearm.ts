import { Interest, ReadinessBatch } from '../backends/backend.ts'
import type { Trigger } from '../backends/backend.ts'
import { awaitOne } from './await-one.ts'
import { lacksTrigger } from './workload.ts'
import type { Workload } from './workload.ts'

/** What it costs to be told once, and to ask again: how several threads share one Poller. */
export const rearm: Workload = {
  name: 'rearm',
  summary: 'one source, oneshot: signal it, wait for its event, drain it, re-arm it',
  cases({ trigger, source, eventsPerWait }) {
    const oneshot: Trigger = trigger.startsWith('edge') ? 'edge-oneshot' : 'oneshot'
    return [
      {
        fds: 1,
        active: 1,
        sources: { kind: source, count: 1 },
        extraDescriptors: 0,
        eventsPerCycle: 1,
        timing: 'batch',
        cannot: (backend) => lacksTrigger(backend, oneshot),
        open({ lanes: [lane], sources, events }) {
          const poller = lane.open()
          const batch = new ReadinessBatch(Math.min(2, eventsPerWait))
          const fd = sources.fds[0] ?? -1
          poller.add(fd, Interest.READ, 0, { trigger: oneshot })
          return {
            run() {
              sources.signal(lane.libc, 0)
              awaitOne(lane, poller, batch, sources, events)
              poller.modify(fd, Interest.READ, 0, { trigger: oneshot })
            },
            settle: () => sources.clear(lane.libc, 0),
          }
        },
      },
    ]
  },
}
