import { Interest } from '../backends/backend.ts'
import { Chain } from './chain.ts'
import { activeOf, lacksTrigger, needsNoRearm } from './workload.ts'
import type { Workload } from './workload.ts'

/**
 * Chains of events through N sources, as libevent's bench has them: A sources are signalled at the start,
 * evenly spread; every event drains its source and signals the next one, until N more were signalled.
 */
export const dispatch: Workload = {
  name: 'dispatch',
  summary:
    'N registered, A active: every event drains its source and signals the next, A + N events; per event',
  cases(options) {
    const { fds, source, trigger, eventsPerWait } = options
    const active = activeOf(options)
    return [
      {
        fds,
        active,
        sources: { kind: source, count: fds },
        extraDescriptors: 0,
        eventsPerCycle: fds + active,
        timing: 'each',
        cannot: (backend) => lacksTrigger(backend, trigger) ?? needsNoRearm(trigger),
        open({ lanes: [lane], sources, events }) {
          const poller = lane.open()
          const chain = new Chain({ lane, poller, sources, events, active, chained: fds, eventsPerWait })
          for (const [index, fd] of sources.fds.entries()) poller.add(fd, Interest.READ, index, { trigger })
          return { before: () => chain.flush(), run: () => chain.run(), settle: () => chain.settle() }
        },
      },
    ]
  },
}
