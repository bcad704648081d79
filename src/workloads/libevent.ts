import { Interest } from '../backends/backend.ts'
import { Chain } from './chain.ts'
import { lacksTrigger, needsNoRearm } from './workload.ts'
import type { Workload } from './workload.ts'

/** How many runs libevent's bench makes. */
const RUNS = 25

/**
 * The loop of libevent's test/bench.c: -n pairs of sockets, -a of them active, -w chained writes. Before each
 * run, which is not timed, every watch is deleted and added again, and one pass polls without blocking.
 */
export const libevent: Workload = {
  name: 'libevent',
  summary: "libevent's bench: N socketpairs, A active, W chained writes of one byte; per event",
  cases: ({ fds, active = 1, writes, trigger, eventsPerWait }) => {
    const atOnce = Math.min(active, fds)
    return [
      {
        fds,
        active: atOnce,
        sources: { kind: 'socketpair', count: fds, bytes: 1 },
        extraDescriptors: 0,
        eventsPerCycle: atOnce + writes,
        timing: 'each',
        cannot: (backend) => lacksTrigger(backend, trigger) ?? needsNoRearm(trigger),
        open({ lanes: [lane], sources, events }) {
          const poller = lane.open()
          const chain = new Chain({
            lane,
            poller,
            sources,
            events,
            active: atOnce,
            chained: writes,
            eventsPerWait,
          })
          const runsUs: number[] = []
          let passes = 0
          for (const [index, fd] of sources.fds.entries()) poller.add(fd, Interest.READ, index, { trigger })
          return {
            before() {
              // First all of one and then all of the other: else poll's array would be in another order each time.
              for (const fd of sources.fds) poller.remove(fd)
              for (const [index, fd] of sources.fds.entries())
                poller.add(fd, Interest.READ, index, { trigger })
              chain.flush()
            },
            run() {
              const before = chain.waits
              chain.run()
              passes = chain.waits - before
            },
            timed(durationsNs) {
              for (const ns of durationsNs) if (runsUs.length < RUNS) runsUs.push(Math.floor(ns / 1000))
            },
            settle: () => chain.settle(),
            detail: () => ({ libevent: { writes, runsUs, passes } }),
          }
        },
      },
    ]
  },
}
