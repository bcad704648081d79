import { dispatch } from './dispatch.ts'
import { eof } from './eof.ts'
import { idle } from './idle.ts'
import { ready } from './ready.ts'
import { rearm } from './rearm.ts'
import { register } from './register.ts'
import { wake } from './wake.ts'
import { wakeThread } from './wake-thread.ts'
import type { Workload } from './workload.ts'

/** Every workload, in the order of reports. Adding one is a file and a line here. */
export const workloads = {
  wake,
  'wake-thread': wakeThread,
  idle,
  ready,
  dispatch,
  register,
  rearm,
  eof,
} as const satisfies Record<string, Workload>

export type WorkloadName = keyof typeof workloads

export const workloadNames = Object.keys(workloads) as WorkloadName[]
