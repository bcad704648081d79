/** evloop's own figure of a workload: recorded, and replayed in a child, as `evloop bench` has it. */
import { backends } from '../../src/backends/index.ts'
import type { BackendName } from '../../src/backends/index.ts'
import { MeasurementError } from '../../src/errors.ts'
import { openLibc } from '../../src/libc/libc.ts'
import { measureClock, measureReplayedCall } from '../../src/measure/replay/cost.ts'
import { locateReplayer } from '../../src/measure/replay/locate.ts'
import { loadReplayer } from '../../src/measure/replay/native.ts'
import { ReplayDriver } from '../../src/measure/replay/replay-driver.ts'
import { makeRoom } from '../../src/measure/fit.ts'
import { workloads } from '../../src/workloads/index.ts'
import type { ComparedWorkload, OpenSide } from './side.ts'

/** Loads the replayer, and returns what opens a workload on it. Throws where there is no replayer. */
export function replayedSides(): OpenSide {
  const libc = openLibc()
  makeRoom(libc)
  const located = locateReplayer()
  const replayer = loadReplayer(located.path)
  located.release()
  const cost = { clockNs: measureClock(replayer).costNs, callNs: measureReplayedCall(replayer) }
  const driver = new ReplayDriver(replayer, cost)
  return ({ workload, backend, fds, cpus }) => {
    const [first] = workloads[workload as ComparedWorkload].cases({
      fds,
      eventsPerWait: 1024,
      trigger: 'level',
      source: 'eventfd',
      writes: 100,
      rateHz: 1000,
    })
    if (first === undefined) throw new MeasurementError(`${workload} has no case`)
    const [opened] = driver.open([backends[backend as BackendName]], { libc, workload, case: first, cpus })
    if (opened === undefined || 'failure' in opened) {
      throw new MeasurementError(opened?.failure ?? `${workload} could not be opened`)
    }
    const { subject } = opened
    const { lanes = 1, eventsPerCycle } = first
    return {
      mostCycles: subject.timesEach ? subject.mostTimed : Infinity,
      run(cycles) {
        const { cycleNs, switches } = subject.run(cycles, false)
        // Threads that share a processor take it from each other.
        const disturbed = lanes === 1 && switches.involuntary > 0
        return { ns: cycleNs / eventsPerCycle, disturbed }
      },
      close: () => subject.close(),
    }
  }
}
