/** What a fiber does wrong with what it yields. */
import { FiberError } from '../errors.ts'
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
