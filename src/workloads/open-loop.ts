import { Interest, ReadinessBatch } from '../backends/backend.ts'
import { awaitOne } from './await-one.ts'
import { needsLevel } from './workload.ts'
import type { Case, WorkloadOptions } from './workload.ts'

/**
 * Wake-up latency by the clock, as cyclictest has it: one thread signals at times that are fixed beforehand,
 * whether the other one has handled the last signal or not. Each signal is taken by itself, so that none hides
 * behind another one.
 */
export function openLoop({ trigger, source, eventsPerWait, rateHz }: WorkloadOptions): Case {
  return {
    variant: `open loop, ${rateHz}/s`,
    fds: 1,
    active: 1,
    sources: { kind: source, count: 1, semaphore: true },
    extraDescriptors: 0,
    eventsPerCycle: 1,
    lanes: 2,
    timing: 'marks',
    periodNs: 1e9 / rateHz,
    cannot: () => needsLevel(trigger),
    open({ lanes: [sender, receiver = sender], sources, events }) {
      const poller = receiver.open()
      const batch = new ReadinessBatch(Math.min(2, eventsPerWait))
      poller.add(sources.fds[0] ?? -1, Interest.READ, 0)
      const correctedNs: number[] = []
      const uncorrectedNs: number[] = []
      return {
        run() {
          sender.pace()
          sender.mark()
          sources.signal(sender.libc, 0)
          awaitOne(receiver, poller, batch, sources, events, () => receiver.mark())
        },
        settle: () => sources.clear(receiver.libc, 0),
        durations([sent = new Float64Array(), handled = new Float64Array()]) {
          // Marks of the sender: due, sent.
          return handled.map((time, i) => {
            uncorrectedNs.push(time - (sent[2 * i + 1] ?? NaN))
            correctedNs.push(time - (sent[2 * i] ?? NaN))
            return time - (sent[2 * i] ?? NaN)
          })
        },
        detail: () => ({ openLoop: { rateHz, correctedNs, uncorrectedNs } }),
      }
    },
  }
}
