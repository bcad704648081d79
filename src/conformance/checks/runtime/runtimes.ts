import type { Family } from '../../check.ts'
import { blockingPoints } from './blocking-points.ts'
import { futures } from './futures.ts'
import { locks } from './locks.ts'
import { pools } from './pool.ts'
import { sockets } from './sockets.ts'

/** A whole runtime over every backend: concurrency, cancellation, locks and sockets. */
export const runtimes: Family = {
  name: 'runtime',
  title: 'Runtime',
  why: 'A runtime is what programs see of a backend: a readiness that is lost is a request without an answer, and a registration that is left behind belongs to the next connection with the same number.',
  checks: [...futures, ...locks, ...blockingPoints, ...sockets, ...pools],
}
