import type { Family } from '../../check.ts'
import { basics } from './basics.ts'
import { masks } from './masks.ts'
import { sources } from './sources.ts'
import { threads } from './threads.ts'

/** Level-triggered epoll: an entry is reported for as long as it is ready. */
export const levelTriggered: Family = {
  name: 'epoll.lt',
  title: 'level-triggered epoll',
  why: 'Level-triggered is the default, and what poll was: a program may read as much as it likes, and be told again. An event too few is a hang, one too many a loop that never sleeps.',
  checks: [...basics, ...masks, ...sources, ...threads],
}
