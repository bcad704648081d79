import type { Family } from '../check.ts'
import { pollers } from './portable/poller.ts'
import { eventLoop } from './portable/loop.ts'
import { reactors } from './runtime/reactor.ts'
import { schedulers } from './runtime/scheduler.ts'
import { runtimes } from './runtime/runtimes.ts'
import { control } from './control/index.ts'
import { levelTriggered } from './level-triggered/index.ts'
import { edgeTriggered } from './edge-triggered/index.ts'
import { oneshot } from './oneshot/index.ts'
import { wake } from './wake/index.ts'
import { exclusive } from './exclusive/index.ts'
import { nesting } from './nested/index.ts'
import { threads } from './thread/index.ts'
import { readiness } from './readiness/index.ts'
import { eventfds } from './eventfd/index.ts'
import { timeouts } from './timeouts/index.ts'
import { signals } from './signals/index.ts'
import { polls } from './poll/index.ts'
import { selects } from './select/index.ts'
import { sources } from './sources/index.ts'
import { pitfalls } from './emu/index.ts'
import { lifetimes } from './life/index.ts'
import { batches } from './batch/index.ts'
import { limits } from './limits/index.ts'
import { rings } from './io-uring/index.ts'
import { kqueues } from './kqueue/index.ts'

/** Every family of checks, in the order of the matrix. Adding one is a folder, and its line here. */
export const families: readonly Family[] = [
  pollers,
  eventLoop,
  reactors,
  schedulers,
  runtimes,
  ...control,
  levelTriggered,
  edgeTriggered,
  oneshot,
  wake,
  exclusive,
  nesting,
  threads,
  ...readiness,
  eventfds,
  timeouts,
  signals,
  polls,
  selects,
  ...sources,
  pitfalls,
  lifetimes,
  batches,
  limits,
  rings,
  ...kqueues,
]
