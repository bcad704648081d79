/** Events of Pollers, in a form that tests compare. */
import { INTERRUPTED, Readiness, ReadinessBatch } from '../backends/backend.ts'
import type { Poller } from '../backends/backend.ts'
import { SystemError } from '../errors.ts'

/** One event: its token, and the names of its readiness. */
export type Reported = readonly [token: bigint, readiness: string]

/** What one `wait` reports, by token. Throws where it was interrupted, which must be expected by itself. */
export function reported(poller: Poller, options: ReportOptions = {}): Reported[] {
  const { capacity = 64, timeoutNs = 0 } = options
  const batch = new ReadinessBatch(capacity)
  const n = poller.wait(batch, timeoutNs)
  if (n === INTERRUPTED) throw new Error('the wait was interrupted')
  return eventsOf(batch, n)
}

export interface ReportOptions {
  readonly capacity?: number
  readonly timeoutNs?: number | null
}

/** The first `n` events of a batch, by token. */
function eventsOf(batch: ReadinessBatch, n: number): Reported[] {
  return Array.from({ length: n }, (_, i): Reported => [
    batch.token(i),
    namesOf(batch.flags[i] ?? 0),
  ]).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function namesOf(flags: number): string {
  return Object.entries(Readiness)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .join(' ')
}

/** The tokens that `waits` waits report together, each as often as it came, by number. */
export function tokensOver(poller: Poller, waits: number, capacity: number): number[] {
  return Array.from({ length: waits }, () => reported(poller, { capacity }))
    .flat()
    .map(([token]) => Number(token))
    .toSorted((a, b) => a - b)
}

/** The code of the SystemError that an action throws, or `ok`. */
export function codeOf(action: () => void): string {
  try {
    action()
    return 'ok'
  } catch (error) {
    if (error instanceof SystemError) return error.code
    throw error
  }
}
