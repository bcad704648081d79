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
  checks: [...counterChecks, ...sizes, ...states, ...edges, ...races, ...semaphores],
}
