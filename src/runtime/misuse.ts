/** What a fiber does wrong with what it yields, and where it waits. */
import { FiberError } from '../errors.ts'
import { State } from './fiber.ts'
import type { Fiber } from './fiber.ts'

const HINT = 'yield what a call that waits returns, at once, and nothing else'

/** It has ended after a call that waits, without having waited. */
export function endedInWait(fiber: Fiber, waitsFor: string): FiberError {
  return new FiberError(
    'not-yielded',
    'return',
    fiber.toString(),
    `it ended while it waits in ${waitsFor}`,
    HINT,
  )
}

/** It has yielded, and called nothing that waits: nobody would know when to go on. */
export function bareYield(fiber: Fiber): FiberError {
  const hint = `${HINT}; to give way, yield yieldNow()`
  return new FiberError('not-yielded', 'yield', fiber.toString(), 'it called nothing that waits', hint)
}

/** It was ended, and waits in a `finally` block. */
export function waitsInEnd(fiber: Fiber): FiberError {
  const what = 'it was ended, and waits in a finally block'
  return new FiberError('not-yielded', 'yield', fiber.toString(), what, 'finally blocks must not wait')
}

/** A call that waits, of who cannot: nobody, one that was ended, or one that has not yielded the call before. */
export function cannotWait(fiber: Fiber | null, operation: string): FiberError {
  if (fiber === null) {
    const what = 'no fiber runs here that could wait'
    return new FiberError('outside-fiber', operation, 'no fiber', what, 'spawn one that does')
  }
  const where = fiber.toString()
  if (fiber.status === State.DONE) {
    return new FiberError('not-yielded', operation, where, 'it was ended', 'finally blocks must not wait')
  }
  const what =
    fiber.status === State.SUSPENDED ? `it waits already in ${fiber.waitsFor}` : 'it gives way already'
  const hint = 'yield what each call that waits returns, before the next one'
  return new FiberError('double-wait', operation, where, what, hint)
}
