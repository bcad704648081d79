/** The limit of what runs at the same time, under the virtual clock. */
import { describe, expect, test } from 'vitest'
import { ConcurrencyUnavailableError, FiberError } from '../../errors.ts'
import { NOTHING_LEFT, virtualIo } from '../../testing/io.ts'
import type { Parked } from '../fiber.ts'
import type { Future } from './future.ts'

describe('a limit', () => {
  test('is refused where it is no number from 1 on', () => {
    for (const maxConcurrent of [0, -1, NaN]) expect(() => virtualIo({ maxConcurrent })).toThrow(RangeError)
  })

  test('lets concurrent fail, and async wait until there is room', () => {
    using world = virtualIo({ maxConcurrent: 2 })
    const { io } = world
    const log: string[] = []
    const piece = (name: string) => () =>
      (function* () {
        yield* io.sleep(10)
        log.push(`${name}@${io.now()}`)
      })()
    world.run(function* () {
      const futures: Future<void>[] = [io.concurrent(piece('a')), io.async(piece('b'))]
      expect(() => io.concurrent(piece('never'))).toThrow(ConcurrencyUnavailableError)
      expect(() => io.concurrent(piece('never'))).toThrow(/concurrent in fiber 0 \(main\): 2 run already/)
      futures.push(io.async(piece('c')), io.async(piece('d')))
      expect(futures.map(({ state }) => state)).toEqual(['running', 'running', 'waiting', 'waiting'])
      yield* io.sleep(30)
      expect(futures.every(({ state }) => state === 'done')).toBe(true)
    })
    expect(log).toEqual(['a@10', 'b@10', 'c@20', 'd@20'])
  })

  test('never makes who waits for work wait for ever', () => {
    using world = virtualIo({ maxConcurrent: 1 })
    const { io } = world
    const nested = (depth: number): (() => ReturnType<typeof io.sleep>) =>
      function* () {
        yield* io.sleep(1)
        if (depth > 0) yield* io.await(io.async(nested(depth - 1)))
      }
    world.run(() => io.await(io.async(nested(10))))
    expect([world.scheduler.now(), world.scheduler.counts]).toEqual([11, NOTHING_LEFT])
  })

  test('lets work that waits for its start be canceled', () => {
    using world = virtualIo({ maxConcurrent: 1 })
    const { io } = world
    world.run(function* () {
      const first = io.async(() => io.sleep(10))
      const second = io.async(() => io.sleep(10))
      expect(yield* io.cancel(second)).toBeUndefined()
      expect([io.now(), second.state, first.state]).toEqual([0, 'canceled', 'running'])
      yield* io.await(first)
    })
  })
})

test('a limit starts what waits also after work that was ended for what it did wrong', () => {
  using world = virtualIo({ maxConcurrent: 1 })
  const { io, scheduler } = world
  const log: string[] = []
  io.async(function* () {
    yield undefined as unknown as Parked
  })
  io.async(() => log.push('second'))
  expect(() => scheduler.run()).toThrow(FiberError)
  scheduler.run()
  expect(log).toEqual(['second'])
})

test('close throws what a finally block has thrown, also where work waits for its start', () => {
  const world = virtualIo({ maxConcurrent: 1 })
  const { io, scheduler } = world
  const fail = (): void => {
    throw new RangeError('mine')
  }
  io.async(function* () {
    try {
      yield* io.sleep(10)
    } finally {
      fail()
    }
  })
  io.async(() => 1)
  scheduler.spawn(() => scheduler.stop())
  scheduler.run()
  expect(() => scheduler.close()).toThrow('mine')
})

test('close ends what runs, and starts nothing that waits', () => {
  const world = virtualIo({ maxConcurrent: 1 })
  const { io, scheduler } = world
  const log: string[] = []
  io.async(function* () {
    try {
      yield* io.sleep(10)
    } finally {
      log.push('ended')
    }
  })
  const waiting = io.async(() => log.push('never'))
  io.async(() => scheduler.stop())
  scheduler.spawn(() => scheduler.stop())
  scheduler.run()
  scheduler.close()
  expect([log, waiting.state, scheduler.counts]).toEqual([['ended'], 'waiting', NOTHING_LEFT])
})
