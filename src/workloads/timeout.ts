import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { MeasurementError } from '../errors.ts'
import { lacksTrigger } from './workload.ts'
import type { Workload } from './workload.ts'

/** Below the resolution of epoll_wait and poll, at it, and well above it. */
const timeouts = [
  { variant: '100 us', ns: 100_000 },
  { variant: '1 ms', ns: 1_000_000 },
  { variant: '10 ms', ns: 10_000_000 },
] as const

/** How late a wait ends that nobody wakes: timer slack, tick, and coming back from sleep. */
export const timeout: Workload = {
  name: 'timeout',
  summary: 'nothing ready: a wait with a timeout; how far past the deadline it returns',
  cases: ({ source, trigger, eventsPerWait }) =>
    timeouts.map(({ variant, ns }) => ({
      variant,
      fds: 1,
      active: 0,
      sources: { kind: source, count: 1 },
      extraDescriptors: 0,
      eventsPerCycle: 1,
      timing: 'marks',
      cannot: (backend) => lacksTrigger(backend, trigger),
      open({ lanes: [lane], sources, events }) {
        const poller = lane.open()
        const batch = new ReadinessBatch(Math.min(2, eventsPerWait))
        poller.add(sources.fds[0] ?? -1, Interest.READ, 0, { trigger })
        return {
          run() {
            lane.mark()
            const n = poller.wait(batch, ns)
            lane.mark()
            if (n > 0) events.spurious += n
          },
          durations: ([marks = new Float64Array()]) =>
            Float64Array.from({ length: marks.length / 2 }, (_, i) => {
              const overshoot = (marks[2 * i + 1] ?? NaN) - (marks[2 * i] ?? NaN) - ns
              if (overshoot >= 0) return overshoot
              throw new MeasurementError(`a wait of ${variant} ended ${-overshoot} ns before its deadline`)
            }),
        }
      },
    })),
}
