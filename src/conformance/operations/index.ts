import type { Machine } from '../machine.ts'
import type { Step, StepOf } from '../steps.ts'
import { environmentOperations } from './environment.ts'
import { fileOperations } from './files.ts'
import { kqueueOperations } from './kevents.ts'
import { nativeOperations, perform } from './native.ts'
import { peerOperations } from './peers.ts'
import { portableOperations } from './portable.ts'
import { processOperations } from './processes.ts'
import { resourceOperations } from './resources.ts'
import { ringOperations } from './rings.ts'
import { sourceOperations } from './sources.ts'
import { terminalOperations } from './terminals.ts'
import { threadOperations } from './threads.ts'
import { waiterOperations } from './waiters.ts'

/** What each step does. */
export type Operations<Ops extends Step['op']> = {
  readonly [Op in Ops]: (machine: Machine, step: StepOf<Op>) => void
}

/** A native step of a scenario is made by the main thread, unless a `thread` step wraps it. */
const native = Object.fromEntries(
  Object.keys(nativeOperations).map((op) => [op, perform]),
) as unknown as Operations<keyof typeof nativeOperations>

export const operations: Operations<Step['op']> = {
  ...native,
  ...resourceOperations,
  ...sourceOperations,
  ...fileOperations,
  ...processOperations,
  ...terminalOperations,
  ...ringOperations,
  ...kqueueOperations,
  ...environmentOperations,
  ...threadOperations,
  ...waiterOperations,
  ...peerOperations,
  ...portableOperations,
}
