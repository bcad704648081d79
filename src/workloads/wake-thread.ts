import { Interest, ReadinessBatch } from '../backends/backend.ts'
import type { Backend, Trigger } from '../backends/backend.ts'
import { awaitOne } from './await-one.ts'
import { openLoop } from './open-loop.ts'
import { lacksTrigger, needsNoRearm } from './workload.ts'
import type { Case, Workload, WorkloadOptions } from './workload.ts'

/** How soon a thread that sleeps in a wait is running again: two threads, which wake each other in turn. */
export const wakeThread: Workload = {
  name: 'wake-thread',
  summary: 'two threads wake each other in turn: from before the signal to after the wait of the other',
  cases: (options) => [inTurn(options), openLoop(options)],
}

/** Where each wait asks anew, an edge may be told of by one more answer than the recording has. */
function needsLevelIfAsked({ capabilities }: Backend, trigger: Trigger): string | undefined {
  return capabilities.asksAnew === true && trigger !== 'level'
    ? 'between threads, one edge may have more than one answer, and no two cycles are alike'
    : undefined
}

function inTurn({ trigger, source, eventsPerWait }: WorkloadOptions): Case {
  return {
    fds: 1,
    active: 1,
    sources: { kind: source, count: 2 },
    extraDescriptors: 1,
    eventsPerCycle: 1,
    lanes: 2,
    timing: 'marks',
    cannot: (backend) =>
      lacksTrigger(backend, trigger) ?? needsNoRearm(trigger) ?? needsLevelIfAsked(backend, trigger),
    open({ lanes: [asking, answering = asking], sources, events }) {
      const batch = new ReadinessBatch(Math.min(2, eventsPerWait))
      const [first, second] = [asking, answering].map((lane, index) => {
        const poller = lane.open()
        poller.add(sources.fds[index] ?? -1, Interest.READ, index, { trigger })
        return {
          signal() {
            lane.mark()
            sources.signal(lane.libc, 1 - index)
          },
          await: () => awaitOne(lane, poller, batch, sources, events, () => lane.mark()),
        }
      })
      return {
        // Each thread does its part of this order; the signal of one is what the other waits for.
        run() {
          first?.signal()
          second?.await()
          second?.signal()
          first?.await()
        },
        settle() {
          sources.clear(asking.libc, 0)
          sources.clear(asking.libc, 1)
        },
        durations: ([asked = new Float64Array(), answered = new Float64Array()]) => {
          // Marks of the one: signal, woken. Of the other: woken, signal.
          const durations = new Float64Array(asked.length)
          for (let i = 0; i < asked.length; i += 2) {
            durations[i] = (answered[i] ?? NaN) - (asked[i] ?? NaN)
            durations[i + 1] = (asked[i + 1] ?? NaN) - (answered[i + 1] ?? NaN)
          }
          return durations
        },
      }
    },
  }
}
