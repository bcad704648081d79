import { dispatch } from './dispatch.ts'
import { echo } from './echo.ts'
import { echoFibers } from './echo-fibers.ts'
import { eof } from './eof.ts'
import { fiber } from './fiber.ts'
import { fiberIo } from './fiber-io.ts'
import { fibersIdle } from './fibers-idle.ts'
import { herd } from './herd.ts'
import { idle } from './idle.ts'
import { libevent } from './libevent.ts'
import { pool } from './pool.ts'
import { ready } from './ready.ts'
import { rearm } from './rearm.ts'
import { register } from './register.ts'
import { timeout } from './timeout.ts'
import { wake } from './wake.ts'
import { wakeThread } from './wake-thread.ts'
import type { Workload } from './workload.ts'

/**
 * The workloads of backends, in the order of reports: what is measured where nobody names workloads. Adding one is a
 * file and a line here.
 */
const backendWorkloads = {
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

/**
 * Those of what lies above a backend, in JavaScript: measured call by call, which takes longer and is the answer to
 * another question. They are for who names them.
 */
const runtimeWorkloads = {
  fiber,
  'fiber-io': fiberIo,
  'fibers-idle': fibersIdle,
  'echo-fibers': echoFibers,
  pool,
} as const satisfies Record<string, Workload>

/** Every workload that can be named. */
export const workloads = { ...backendWorkloads, ...runtimeWorkloads } as const

type BackendWorkloadName = keyof typeof backendWorkloads
type RuntimeWorkloadName = keyof typeof runtimeWorkloads
export type WorkloadName = keyof typeof workloads

export const backendWorkloadNames = Object.keys(backendWorkloads) as BackendWorkloadName[]
export const runtimeWorkloadNames = Object.keys(runtimeWorkloads) as RuntimeWorkloadName[]
export const workloadNames = Object.keys(workloads) as WorkloadName[]
