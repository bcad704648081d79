import { pathToFileURL } from 'node:url'
import { entryPoint } from '../entry-point.ts'
import { UnsupportedError } from '../errors.ts'
import { Pool } from '../runtime/pool/pool.ts'
import { countLost } from './runtime.ts'
import type { Case, PromisedCycle, Workload, WorkloadSetting } from './workload.ts'

const THREADS = 2
const AT_ONCE = 1000

/** What it costs to have work done by another thread that waits in its poller, and how it spreads where there is much. */
export const pool: Workload = {
  name: 'pool',
  summary: `jobs to ${THREADS} threads that wait in their pollers, and their results back: one, and ${AT_ONCE} at once; per job`,
  cases: ({ source }) => [
    caseOf('round trip', 1, { kind: source, count: 0 }),
    caseOf(`${AT_ONCE} at once`, AT_ONCE, { kind: source, count: 0 }),
  ],
}

function caseOf(variant: string, jobs: number, sources: Case['sources']): Case {
  return {
    variant,
    // Each thread waits for its own wake.
    fds: THREADS,
    active: 1,
    sources,
    // Those of the event loops that Node has in each thread, and of the pollers.
    extraDescriptors: 16 * THREADS,
    eventsPerCycle: jobs,
    driver: 'ffi',
    timing: 'batch',
    open() {
      throw new UnsupportedError('pool', "its results come through Node's event loop")
    },
    openLater: (setting) => open(setting, jobs),
  }
}

function open({ lanes: [lane], backend, events }: WorkloadSetting, jobs: number): PromisedCycle {
  const threads = new Pool(lane.libc, { threads: THREADS, backend })
  const module = pathToFileURL(entryPoint('src/workloads/pool-jobs'))
  let given = 0
  const one = async (value: number): Promise<void> => {
    events.expected++
    if ((await threads.run(module, 'increment', [value])) === value + 1) events.seen++
  }
  return {
    async run() {
      const running: Promise<void>[] = []
      for (let i = 0; i < jobs; i++) running.push(one(given++))
      await Promise.all(running)
      countLost(events)
    },
    detail: () => ({ pool: { threads: THREADS, jobs: given, stolen: threads.counts.stolen } }),
    close: () => threads.close(),
  }
}
