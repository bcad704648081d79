import type { Family } from '../../check.ts'
import { consumers } from './consumers.ts'
import { counts } from './counts.ts'
import { latency } from './latency.ts'
import { pollers } from './pollers.ts'
import { races } from './races.ts'

/** How many of several waiting threads one event wakes. */
export const wake: Family = {
  name: 'epoll.wake',
  title: 'wake-ups of several waiters',
  why: 'Programs with several threads in epoll_wait are built on how many of them an event wakes. One too few, and work lies there while threads sleep; one too many, and two threads take the same work, or all of them wake for nothing.',
  checks: [...counts, ...pollers, ...races, ...consumers, latency],
}
