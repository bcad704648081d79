import { dispatch } from './dispatch.ts'
import { echo } from './echo.ts'
import { eof } from './eof.ts'
import { herd } from './herd.ts'
import { idle } from './idle.ts'
import { libevent } from './libevent.ts'
import { ready } from './ready.ts'
import { rearm } from './rearm.ts'
import { register } from './register.ts'
import { timeout } from './timeout.ts'
import { wake } from './wake.ts'
import { wakeThread } from './wake-thread.ts'
import type { Workload } from './workload.ts'

/** Every workload, in the order of reports. Adding one is a file and a line here. */
export const workloads = {
  wake,
  'wake-thread': wakeThread,
  herd,
  idle,
  ready,
  dispatch,
  register,
  rearm,
  eof,
  timeout,
  echo,
  libevent,
} as const satisfies Record<string, Workload>

export type WorkloadName = keyof typeof workloads

export const workloadNames = Object.keys(workloads) as WorkloadName[]
