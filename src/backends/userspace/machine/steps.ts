/**
 * Operations that are cut at their atomic steps. Each is written once, as a generator: before every step that another
 * thread could see or disturb it says what comes next, if it was asked to, and then takes that step whole. Nothing is
 * held between two steps, so nothing waits while it holds the state.
 *
 * In ordinary use nothing is said, and an operation runs from its beginning to its end at once. The explorer asks for
 * every step, and lets operations of several threads take turns between any two.
 */

/** What comes next, with what this operation knows by then: two that said the same so far are in the same place. */
export type Step = string

/** An operation that is cut at its atomic steps. */
export type Steps<T> = Generator<Step, T, void>

/** Runs an operation to its end. Throws where it was asked to stop before each step: that is for the explorer. */
export function complete<T>(operation: Steps<T>): T {
  const { done, value } = operation.next()
  if (done !== true) throw new TypeError(`the operation stopped before "${String(value)}"`)
  return value
}
