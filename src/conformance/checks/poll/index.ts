import type { Family } from '../../check.ts'
import { pollArguments } from './arguments.ts'
import { pollArrays } from './arrays.ts'
import { pollKinds } from './kinds.ts'
import { pollResults } from './results.ts'
import { pollSignals } from './signals.ts'
import { pollTimeouts } from './timeouts.ts'

/** poll, called as C does. */
export const polls: Family = {
  name: 'poll',
  title: 'poll: its array, its result, its limits',
  why:
    'An event loop keeps one array and hands it to poll again and again, so whatever poll leaves in it, or forgets to ' +
    'overwrite, comes back in the next round: as an event that never was, or as one that never comes.',
  checks: [...pollResults, ...pollArrays, ...pollArguments, ...pollKinds, ...pollTimeouts, ...pollSignals],
}
