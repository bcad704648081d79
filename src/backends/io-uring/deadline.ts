/** When a wait that is made of several calls ends. */

/** How much of a timeout is left. */
export function leftOf(timeoutNs: number | null, deadlineMs: number): number | null {
  return timeoutNs === null ? null : Math.max(0, Math.min(timeoutNs, (deadlineMs - performance.now()) * 1e6))
}

/** A double has no room for a nanosecond of a long uptime. */
const TOLERANCE_MS = 0.001

export function isOver(deadlineMs: number): boolean {
  return performance.now() >= deadlineMs - TOLERANCE_MS
}
