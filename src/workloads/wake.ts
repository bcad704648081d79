import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { awaitOne } from './await-one.ts'
import { lacksTrigger, needsNoRearm } from './workload.ts'
import type { Workload } from './workload.ts'

/** The round trip of every event loop: signal, wait, drain. */
export const wake: Workload = {
  name: 'wake',
  summary: 'one registered source: signal it, wait for its event, drain it',
  cases: ({ trigger, source, eventsPerWait }) => [
    {
      fds: 1,
      active: 1,
      sources: { kind: source, count: 1 },
      extraDescriptors: 0,
      eventsPerCycle: 1,
      timing: 'batch',
      cannot: (backend) => lacksTrigger(backend, trigger) ?? needsNoRearm(trigger),
      open({ lanes: [lane], sources, events }) {
        const poller = lane.open()
        // Room for one more than can be, so that an event that comes twice shows.
        const batch = new ReadinessBatch(Math.min(2, eventsPerWait))
        poller.add(sources.fds[0] ?? -1, Interest.READ, 0, { trigger })
        return {
          run() {
            sources.signal(lane.libc, 0)
            awaitOne(lane, poller, batch, sources, events)
          },
          settle: () => sources.clear(lane.libc, 0),
        }
      },
    },
  ],
}
