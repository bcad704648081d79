import type { Family } from '../../check.ts'
import { selectLimits } from './limits.ts'
import { selectNumbers } from './numbers.ts'
import { selectResults } from './results.ts'
import { selectSignals } from './signals.ts'
import { selectTimeouts } from './timeouts.ts'

/** select, called as C does. */
export const selects: Family = {
  name: 'select',
  title: 'select: its sets, its result, its limits',
  why:
    'select writes its answer over the question. Where it leaves a bit that is not ready, or clears one that is, ' +
    'a program reads from a descriptor that blocks, or never reads again.',
  checks: [...selectResults, ...selectNumbers, ...selectLimits, ...selectTimeouts, ...selectSignals],
}
