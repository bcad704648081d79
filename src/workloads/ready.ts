import { openReady } from './ready-sources.ts'
import { activeOf, needsLevel } from './workload.ts'
import type { Workload } from './workload.ts'

/** What an event costs when many are ready at once. */
export const ready: Workload = {
  name: 'ready',
  summary: 'N registered, A of them ready: one wait that does not block, A events; per event',
  cases(options) {
    const { fds, source, trigger, eventsPerWait } = options
    const active = activeOf(options)
    const reported = Math.min(active, eventsPerWait)
    const step = Math.floor(fds / active)
    return [
      {
        fds,
        active,
        sources: { kind: source, count: fds },
        extraDescriptors: 0,
        eventsPerCycle: reported,
        timing: 'batch',
        cannot: () =>
          needsLevel(trigger) ??
          (reported < active ? 'with fewer events a wait than are ready, no two waits are alike' : undefined),
        open: (setting) =>
          openReady(
            setting,
            Array.from({ length: active }, (_, k) => k * step),
            eventsPerWait,
          ),
      },
    ]
  },
}
