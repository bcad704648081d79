import type { Family } from '../../check.ts'
import { buffers } from './buffers.ts'
import { completeness } from './completeness.ts'
import { large } from './large.ts'
import { sizes } from './sizes.ts'
import { turns } from './turns.ts'

/** What one wait returns of all that is ready, and what becomes of the rest. */
export const batches: Family = {
  name: 'batch',
  title: 'batches: maxevents, fairness, order',
  why: 'A loop asks for a few events at a time. What did not fit must come later, in turn, and undamaged: an event that is lost here is a connection that hangs, and an order that is unfair starves one.',
  checks: [...sizes, ...buffers, ...completeness, ...turns, ...large],
}
