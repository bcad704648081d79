import type { Family } from '../../check.ts'
import { basics } from './basics.ts'
import { modified } from './modified.ts'
import { races } from './races.ts'
import { threads } from './threads.ts'

/** One-shot epoll: an entry is reported once, and then stays silent until it is re-armed. */
export const oneshot: Family = {
  name: 'epoll.oneshot',
  title: 'one-shot epoll',
  why: 'Thread pools rely on it that one thread at a time has a descriptor. One event too many and two threads read the same connection; a re-arm that is lost, and nobody does.',
  checks: [...basics, ...modified, ...threads, ...races],
}
