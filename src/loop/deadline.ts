/**
 * Deadlines: instants of the monotonic clock, in milliseconds with a fraction. A caller that keeps timeouts of
 * its own does the arithmetic here between waits, and passes `remaining` of the nearest to `wait`.
 */
export type Deadline = number & { readonly __brand: 'Deadline' }

/** The instant `ms` milliseconds from now. */
export function deadlineIn(ms: number): Deadline {
  return (performance.now() + ms) as Deadline
}

/** Whether a deadline has passed. */
export function expired(deadline: Deadline): boolean {
  return performance.now() >= deadline
}

/** Milliseconds until a deadline, never negative: what to wait so as to wake exactly when it passes. */
export function remaining(deadline: Deadline): number {
  return Math.max(0, deadline - performance.now())
}
