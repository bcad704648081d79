/** Futures: results, errors and cancellation, under the virtual clock. */
import { describe, expect, test } from 'vitest'
import type { Fiber } from '../fiber.ts'
import { NOTHING_LEFT, outcomeOf, virtualIo } from '../../testing/io.ts'

describe('await', () => {
  test('gives a result to who waits before the end, and after, as often as it is asked', () => {
    using world = virtualIo()
    const { io } = world
    const log: unknown[] = []
    world.run(function* () {
      const slow = io.async(function* () {
        yield* io.sleep(10)
        return 'slow'
      })
      const plain = io.async(() => 'plain')
      expect(slow.state).toBe('running')
      log.push(yield* io.await(slow), io.now(), yield* io.await(slow), yield* io.await(plain), slow.state)
    })
    expect(log).toEqual(['slow', 10, 'slow', 'plain', 'done'])
    expect(world.scheduler.counts).toEqual(NOTHING_LEFT)
  })

  test('throws the error of the work, and an error that nobody awaits leaves run', () => {
    using world = virtualIo()
    const { io } = world
    const fail = () => {
      throw new RangeError('mine')
    }
    const log: string[] = []
    world.run(function* () {
      const failed = io.async(fail)
      log.push(yield* outcomeOf(io.await(failed)), failed.state)
    })
    expect(log).toEqual(['RangeError: mine', 'failed'])
    io.async(fail)
    expect(() => world.scheduler.run()).toThrow('mine')
  })

  test('goes on after an early wake by hand', () => {
    using world = virtualIo()
    const { io, scheduler } = world
    let got: unknown
    const work = io.async(function* () {
      yield* io.sleep(10)
      return 1
    })
    const waiter = io.async(function* () {
      got = [yield* io.await(work), io.now()]
    })
    world.run(function* () {
      yield* io.sleep(1)
      expect(scheduler.wake(waiter.task?.fiber as Fiber)).toBe(true)
    })
    expect(got).toEqual([1, 10])
  })

  test('is ended by a cancellation of who waits; the work goes on', () => {
    using world = virtualIo()
    const { io } = world
    const log: string[] = []
    world.run(function* () {
      const work = io.async(function* () {
        yield* io.sleep(10)
        return 'worked'
      }, 'work')
      const waiter = io.async(function* () {
        log.push(`${yield* outcomeOf(io.await(work))} @${io.now()}`)
      })
      yield* io.sleep(3)
      yield* io.cancel(waiter)
      log.push(`${yield* io.await(work)} @${io.now()}`)
    })
    expect(log).toEqual(['canceled: await of task work @3', 'worked @10'])
  })
})

describe('cancel', () => {
  test('ends a sleep at once, waits for the clean-up, and says what and where', () => {
    using world = virtualIo()
    const { io } = world
    const log: unknown[] = []
    world.run(function* () {
      const worker = io.async(function* () {
        try {
          yield* io.sleep(1000)
        } catch (error) {
          log.push(String(error), io.cancelRequested)
          throw error
        } finally {
          log.push(`cleans up @${io.now()}`)
        }
      }, 'worker')
      yield* io.sleep(5)
      log.push(yield* io.cancel(worker), worker.state, yield* io.cancel(worker))
      log.push(yield* outcomeOf(io.await(worker)))
    })
    expect(log).toEqual([
      'CanceledError: sleep in fiber 1 (worker): canceled',
      true,
      'cleans up @5',
      undefined,
      'canceled',
      undefined,
      'canceled: sleep',
    ])
    expect([world.scheduler.now(), world.scheduler.counts]).toEqual([5, NOTHING_LEFT])
  })

  test('stays requested: every later wait throws, also after one that was swallowed', () => {
    using world = virtualIo()
    const { io } = world
    const log: string[] = []
    world.run(function* () {
      const stubborn = io.async(function* () {
        for (let i = 0; i < 3; i++) log.push(yield* outcomeOf(io.sleep(1000)))
        return 'ended by itself'
      })
      yield* io.sleep(1)
      log.push(String(yield* io.cancel(stubborn)))
    })
    expect(log).toEqual(['canceled: sleep', 'canceled: sleep', 'canceled: sleep', 'ended by itself'])
    expect(world.scheduler.now()).toBe(1)
  })

  test('does not end a wait of the scheduler itself, and an early wake by hand ends no sleep', () => {
    using world = virtualIo()
    const { io, scheduler } = world
    const log: number[] = []
    world.run(function* () {
      const work = io.async(function* () {
        yield* io.sleep(10)
        log.push(io.now())
        yield scheduler.sleep(10)
        log.push(io.now())
      })
      yield* io.sleep(3)
      expect(scheduler.wake(work.task?.fiber as Fiber)).toBe(true)
      yield* io.sleep(12)
      yield* io.cancel(work)
    })
    expect(log).toEqual([10, 20])
  })

  test('before the start lets the work run up to where it would wait', () => {
    using world = virtualIo()
    const { io } = world
    const log: unknown[] = []
    world.run(function* () {
      const work = io.async(function* () {
        log.push('started', io.cancelRequested)
        yield* io.sleep(1)
        log.push('never')
      })
      log.push(yield* io.cancel(work), yield* io.cancel(io.async(() => 'never waits')))
    })
    expect(log).toEqual(['started', true, undefined, 'never waits'])
  })

  test('of what has ended gives its result, and its error', () => {
    using world = virtualIo()
    const { io } = world
    world.run(function* () {
      const done = io.async(() => 1)
      const failed = io.async(() => {
        throw new RangeError('mine')
      })
      yield* io.sleep(1)
      expect(yield* io.cancel(done)).toBe(1)
      expect(yield* outcomeOf(io.cancel(failed))).toBe('RangeError: mine')
    })
  })

  test('throws what the work throws instead', () => {
    using world = virtualIo()
    const { io } = world
    world.run(function* () {
      const work = io.async(function* () {
        try {
          yield* io.sleep(10)
        } finally {
          yield* io.sleep(0)
        }
      })
      const other = io.async(function* () {
        yield* outcomeOf(io.sleep(10))
        throw new RangeError('instead')
      })
      yield* io.sleep(1)
      expect(yield* io.cancel(work)).toBeUndefined()
      expect(yield* outcomeOf(io.cancel(other))).toBe('RangeError: instead')
    })
  })

  test('is not cut short by the cancellation of who cancels', () => {
    using world = virtualIo()
    const { io, scheduler } = world
    const log: string[] = []
    world.run(function* () {
      const slow = io.async(function* () {
        yield scheduler.sleep(10)
        log.push(`slow ends @${io.now()}`)
      })
      const parent = io.async(function* () {
        yield* io.cancel(slow)
        log.push(`parent goes on @${io.now()}`)
      })
      yield* io.sleep(1)
      yield* io.cancel(parent)
    })
    expect(log).toEqual(['slow ends @10', 'parent goes on @10'])
  })

  test('that only is requested is nobody’s error, and may come from outside of fibers', () => {
    using world = virtualIo()
    const { io, scheduler } = world
    const work = io.async(() => io.sleep(1000))
    io.requestCancel(work)
    io.requestCancel(work)
    scheduler.run()
    expect([work.state, scheduler.now(), io.cancelRequested]).toEqual(['canceled', 0, false])
    expect(() => io.checkCancel()).not.toThrow()
  })

  test('that comes after what was waited for has happened loses nothing', () => {
    using world = virtualIo()
    const { io } = world
    const log: string[] = []
    world.run(function* () {
      const child = io.async(() => io.sleep(5))
      const work = io.async(function* () {
        yield* io.await(child)
        log.push('was told')
        io.checkCancel()
        log.push('never')
      })
      // Both are told at once, and this fiber, which began to wait first, goes on first.
      yield* io.await(child)
      yield* io.cancel(work)
    })
    expect(log).toEqual(['was told'])
  })

  test('of a CanceledError that is not its own is an error like any other', () => {
    using world = virtualIo()
    const { io } = world
    world.run(function* () {
      const child = io.async(() => io.sleep(1000), 'child')
      const parent = io.async(() => io.await(child))
      yield* io.sleep(1)
      yield* io.cancel(child)
      yield* io.sleep(1)
      expect(parent.state).toBe('failed')
      expect(yield* outcomeOf(io.await(parent))).toBe('canceled: sleep')
    })
  })
})
