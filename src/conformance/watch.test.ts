import { describe, expect, it } from 'vitest'
import { checkResult } from '../testing/reports.ts'
import type { ChildMessage } from './messages.ts'
import { timeLimits, Watch } from './watch.ts'

const limits = { checkMs: 1000, stepMs: 300 }
const result: ChildMessage = { kind: 'result', result: checkResult() }
const failed = checkResult({ outcome: 'fail' })

/** A watch over a child that tells by messages where it is, and a clock to set. */
function watched(): {
  watch: Watch
  at: (ms: number) => Watch
  place: (check: number, step: string) => void
} {
  let now = 0
  const watch = new Watch(undefined, limits, () => now)
  return {
    watch,
    at(ms) {
      now = ms
      return watch
    },
    place: (check, step) => watch.take({ kind: 'place', place: { check, step } }),
  }
}

describe('a watch', () => {
  it('knows how far a child has got', () => {
    const { watch, at, place } = watched()
    expect(watch.progress()).toMatchObject({ finished: 0, step: undefined, failure: undefined })
    watch.take({ kind: 'ready' })
    place(0, '')
    expect(at(5).progress()).toMatchObject({ finished: 0, step: '', elapsedMs: 5 })
    place(0, 'step 2: wait')
    watch.take({ kind: 'failure', result: failed })
    expect(watch.progress()).toMatchObject({ step: 'step 2: wait', failure: failed })
    watch.take(result)
    // The place is still that of the check that has ended.
    expect(at(9).progress()).toEqual({
      finished: 1,
      step: undefined,
      failure: undefined,
      exceeded: undefined,
      elapsedMs: 4,
    })
  })

  it('leaves a child alone that has not begun: starting has a limit of its own', () => {
    expect(watched().at(1e6).isStuck()).toBe(false)
  })

  it('finds a step that lasts too long', () => {
    const { watch, at, place } = watched()
    watch.take({ kind: 'ready' })
    place(0, 'step 1')
    expect(at(10).isStuck()).toBe(false)
    expect(at(309).isStuck()).toBe(false)
    place(0, 'step 2')
    expect(at(310).isStuck()).toBe(false)
    expect(at(609).isStuck()).toBe(false)
    expect(at(610).isStuck()).toBe(true)
    expect(watch.progress()).toMatchObject({ exceeded: 'stepMs', step: 'step 2' })
  })

  it('finds a check that lasts too long, though its steps do not', () => {
    const { watch, at, place } = watched()
    watch.take({ kind: 'ready' })
    for (let ms = 0; ms < 1000; ms += 100) {
      place(0, `step ${ms}`)
      expect(at(ms).isStuck()).toBe(false)
    }
    place(0, 'step 1000')
    expect(at(1000).isStuck()).toBe(true)
    expect(watch.progress()).toMatchObject({ exceeded: 'checkMs', elapsedMs: 1000 })
  })

  it('begins anew with each result, and gives a check that failed as long to tidy up', () => {
    const { watch, at, place } = watched()
    watch.take({ kind: 'ready' })
    place(0, 'step 1')
    at(290).take({ kind: 'failure', result: failed })
    expect(at(580).isStuck()).toBe(false)
    watch.take(result)
    place(1, 'step 1')
    expect(at(870).isStuck()).toBe(false)
    expect(at(1170).isStuck()).toBe(true)
  })
})

describe('the limits of a run', () => {
  it('are that of a check, and for a step what no step needs, or a quarter where that is more', () => {
    expect(timeLimits(60_000)).toEqual({ checkMs: 60_000, stepMs: 15_000 })
    expect(timeLimits(4000)).toEqual({ checkMs: 4000, stepMs: 4000 })
    expect(timeLimits(600_000)).toEqual({ checkMs: 600_000, stepMs: 150_000 })
  })
})
