import { openReady } from './ready-sources.ts'
import { needsLevel } from './workload.ts'
import type { Workload } from './workload.ts'

/** What a wait costs when almost everything is idle: where poll and select grow with N, and epoll must not. */
export const idle: Workload = {
  name: 'idle',
  summary: 'N registered, one of them ready: one wait that does not block, one event',
  cases: ({ fds, source, trigger, eventsPerWait }) => [
    {
      fds,
      active: 1,
      sources: { kind: source, count: fds },
      extraDescriptors: 0,
      eventsPerCycle: 1,
      timing: 'batch',
      cannot: () => needsLevel(trigger),
      // The one in the middle: neither the first nor the last that a scan comes to.
      open: (setting) => openReady(setting, [fds >> 1], eventsPerWait),
    },
  ],
}
