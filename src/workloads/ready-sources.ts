import { Interest, ReadinessBatch } from '../backends/backend.ts'
import type { Cycle, WorkloadSetting } from './workload.ts'

/**
 * Registers all sources, makes some of them ready for good, and waits for those again and again. They stay ready,
 * because other backends may be waiting for them too.
 */
export function openReady(
  { lanes: [lane], sources, events }: WorkloadSetting,
  ready: readonly number[],
  eventsPerWait: number,
): Cycle {
  const poller = lane.open()
  // Room for one more than can be, so that an event that comes twice shows.
  const batch = new ReadinessBatch(Math.min(sources.length + 1, eventsPerWait))
  /** In which wait a source was last reported, to tell a duplicate from an event for nothing. */
  const reportedIn = new Uint32Array(sources.length)
  const isReady = new Uint8Array(sources.length)
  let wait = 0
  for (const [index, fd] of sources.fds.entries()) poller.add(fd, Interest.READ, index)
  for (const index of ready) {
    isReady[index] = 1
    sources.signal(lane.libc, index)
  }
  return {
    run() {
      wait++
      const n = poller.wait(batch, 0)
      let seen = 0
      for (let i = 0; i < n; i++) {
        const index = batch.tokenWords[2 * i] ?? 0
        if (isReady[index] !== 1) events.spurious++
        else if (reportedIn[index] === wait) events.duplicate++
        else seen++
        reportedIn[index] = wait
      }
      events.expected += ready.length
      events.seen += seen
      events.lost += ready.length - seen
    },
  }
}
