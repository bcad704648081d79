import { expect, test } from 'vitest'
import { hasCompiler } from '../../testing/compile.ts'
import { theReplayer } from '../../testing/replay.ts'
import { measureClock, measureReplayedCall } from './cost.ts'

/** More than any machine needs, that evloop is any good on. */
const MUCH_NS = 100_000

test.skipIf(!hasCompiler)('a replayed call costs something, and not much (needs a C compiler)', () => {
  const callNs = measureReplayedCall(theReplayer())
  expect(callNs).toBeGreaterThan(0)
  expect(callNs).toBeLessThan(MUCH_NS)
})

test.skipIf(!hasCompiler)('the clock has a cost and a smallest step (needs a C compiler)', () => {
  const { costNs, stepNs } = measureClock(theReplayer())
  expect(costNs).toBeGreaterThan(0)
  expect(costNs).toBeLessThan(MUCH_NS)
  // Whole nanoseconds, of a clock that goes forward.
  expect(stepNs).toBeGreaterThanOrEqual(1)
  expect(stepNs % 1).toBe(0)
})
