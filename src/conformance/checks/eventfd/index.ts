import type { Family } from '../../check.ts'
import { counterChecks } from './counter.ts'
import { edges } from './edges.ts'
import { races } from './races.ts'
import { semaphores } from './semaphore.ts'
import { sizes } from './sizes.ts'
import { states } from './states.ts'

/** eventfd: a counter that can be waited for. */
export const eventfds: Family = {
  name: 'eventfd',
  title: 'eventfd',
  why: 'Nearly every event loop wakes itself through an eventfd. A count that is lost, or an edge that does not come, is a task that is never run.',
  checks: [...counterChecks, ...sizes, ...states, ...edges, ...races, ...semaphores],
}
