import { expect, test } from 'vitest'
import { hasCompiler } from '../../testing/compile.ts'
import { theReplayer } from '../../testing/replay.ts'
import { ACTION, JOB, JOB_SIZE, LANE } from './layout.ts'

test.skipIf(!hasCompiler)('the compiled replayer has these layouts (needs a C compiler)', () => {
  const { native } = theReplayer()
  const ours = [
    ACTION.size,
    ACTION.offsets.words,
    ACTION.offsets.function,
    ACTION.offsets.sum,
    LANE.size,
    LANE.offsets.began,
    LANE.offsets.at,
    JOB.offsets.actual,
    JOB.offsets.cpu_ns,
    JOB.offsets.lane,
    JOB_SIZE,
  ]
  expect(ours.map((_, i) => native.fn.evloop_layout(i))).toEqual(ours)
  // There are no more, and asking beyond is safe.
  expect([-1, ours.length, 2 ** 31 - 1].map((i) => native.fn.evloop_layout(i))).toEqual([-1, -1, -1])
})
