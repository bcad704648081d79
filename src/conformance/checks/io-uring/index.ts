import type { Check, Family } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import { changes } from './changes.ts'
import { counts } from './counts.ts'
import { epollOperations } from './epoll-operations.ts'
import { files } from './files.ts'
import { interruptions } from './interruptions.ts'
import { immediate, multishot } from './multishot.ts'
import { races } from './races.ts'
import { refusals } from './refusals.ts'
import { ringDescriptors } from './ring-descriptor.ts'
import { setupFlags } from './setup-flags.ts'
import { setups } from './setup.ts'
import { single } from './single.ts'
import { submission } from './submission.ts'
import { threads } from './threads.ts'
import { timeouts, waits } from './timeouts.ts'

/** Scenarios whose results do not depend on how a ring was set up. */
const anywhere = [
  ...single,
  ...multishot,
  ...changes,
  ...refusals,
  ...submission,
  ...timeouts,
  ...waits,
  ...files,
]

export const rings: Family = {
  name: 'iou',
  title: 'polls of io_uring',
  why: 'A completion that is lost is a request that waits for ever, and one too many is taken for that of another.',
  checks: [
    ...[...anywhere, ...immediate].map((scenario): Check => ringCheck(scenario)),
    ...ringDescriptors,
    ...epollOperations,
    ...counts,
    ...threads,
    ...interruptions,
    ...races,
    ...setups,
    ...setupFlags,
  ],
}
