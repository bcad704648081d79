/** Select, under the virtual clock. */
import { expect, test } from 'vitest'
import { CanceledError } from '../../errors.ts'
import { NOTHING_LEFT, outcomeOf, virtualIo } from '../../testing/io.ts'
import type { Future } from './future.ts'

test('waits for the first, cancels none, and can be canceled', () => {
  using world = virtualIo({ maxConcurrent: 2 })
  const { io } = world
  const after = (ms: number) => () =>
    (function* () {
      yield* io.sleep(ms)
      return ms
    })()
  world.run(function* () {
    const futures = [io.async(after(30)), io.async(after(20)), io.async(after(10))]
    const failed = io.async(() => {
      throw new RangeError('mine')
    })
    expect([yield* io.select(futures), io.now()]).toEqual([2, 10])
    expect(futures.map(({ state }) => state)).toEqual(['running', 'running', 'done'])
    expect([yield* io.select(futures), yield* io.await(futures[2] as Future<number>)]).toEqual([2, 10])
    expect([yield* io.select(futures.slice(0, 2)), io.now()]).toEqual([1, 20])
    expect(yield* io.select([failed])).toBe(0)
    expect(yield* outcomeOf(io.await(failed))).toBe('RangeError: mine')
    expect(yield* outcomeOf(io.select([]))).toMatch('RangeError: select')
    const selecting = io.async(() => io.select(futures.slice(0, 1)))
    yield* io.sleep(1)
    expect(yield* io.cancel(selecting)).toBeUndefined()
    expect([selecting.canceled instanceof CanceledError, io.now()]).toEqual([true, 21])
    expect(futures[0]?.watchers?.size).toBe(0)
    yield* io.await(futures[0] as Future<number>)
  })
  expect(world.scheduler.counts).toEqual(NOTHING_LEFT)
})
