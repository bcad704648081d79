import type { Family } from '../../check.ts'
import { counts } from './counts.ts'
import { flags } from './flags.ts'
import { races } from './races.ts'

/** EPOLLEXCLUSIVE: of several epolls that watch one descriptor, an event wakes the threads of few. */
export const exclusive: Family = {
  name: 'epoll.excl',
  title: 'exclusive epoll',
  why: 'Where it is ignored, every connection wakes every process of a server, and all but one find nothing: the thundering herd. Where a wake-up goes to somebody who is just leaving, and is not passed on, a connection waits while others sleep.',
  checks: [...counts, ...flags, ...races],
}
