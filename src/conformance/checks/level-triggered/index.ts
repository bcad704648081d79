import type { Family } from '../../check.ts'
import { basics } from './basics.ts'
import { masks } from './masks.ts'
import { sources } from './sources.ts'
import { threads } from './threads.ts'

/** Level-triggered epoll: an entry is reported for as long as it is ready. */
export const levelTriggered: Family = {
  name: 'epoll.lt',
  title: 'level-triggered epoll',
  checks: [...basics, ...masks, ...sources, ...threads],
}
