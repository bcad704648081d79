/** Groups, under the virtual clock. */
import { expect, test } from 'vitest'
import { ConcurrencyUnavailableError } from '../../errors.ts'
import { NOTHING_LEFT, outcomeOf, virtualIo } from '../../testing/io.ts'

test('wait waits for all, those that were added meanwhile too, and the group can be used again', () => {
  using world = virtualIo()
  const { io } = world
  const log: string[] = []
  world.run(function* () {
    const group = io.group()
    yield* group.wait()
    for (let round = 0; round < 2; round++) {
      group.async(function* () {
        yield* io.sleep(5)
        group.concurrent(function* () {
          yield* io.sleep(5)
          log.push(`grandchild @${io.now()}`)
        })
      })
      group.async(() => log.push(`plain @${io.now()}`))
      expect(group.size).toBe(2)
      yield* group.wait()
      log.push(`all @${io.now()}`)
      expect(group.size).toBe(0)
    }
  })
  expect(log).toEqual(['plain @0', 'grandchild @10', 'all @10', 'plain @10', 'grandchild @20', 'all @20'])
  expect(world.scheduler.counts).toEqual(NOTHING_LEFT)
})

test('the first error of a member is that of the group, once all have ended', () => {
  using world = virtualIo()
  const { io } = world
  const fail = (ms: number) =>
    function* () {
      yield* io.sleep(ms)
      throw new RangeError(`after ${ms}`)
    }
  world.run(function* () {
    const group = io.group()
    group.async(fail(10))
    group.async(fail(5))
    group.async(() => io.sleep(20))
    expect([yield* outcomeOf(group.wait()), io.now()]).toEqual(['RangeError: after 5', 20])
    yield* group.wait()
    group.async(fail(1))
    yield* io.sleep(2)
    expect(yield* outcomeOf(group.cancel())).toBe('RangeError: after 1')
  })
})

test('cancel ends all, waits for their clean-up, and what has not started comes to where it would wait', () => {
  using world = virtualIo()
  const { io, scheduler } = world
  const log: string[] = []
  world.run(function* () {
    const group = io.group()
    group.async(function* () {
      try {
        yield* io.sleep(1000)
      } finally {
        yield scheduler.sleep(3)
        log.push(`cleaned up @${io.now()}`)
      }
    })
    yield* io.sleep(1)
    group.async(function* () {
      log.push('has what it was given')
      yield* io.sleep(0)
      log.push('never')
    })
    yield* group.cancel()
    expect([log, io.now(), group.size]).toEqual([['has what it was given', 'cleaned up @4'], 4, 0])
    yield* group.cancel()
  })
  expect(scheduler.counts).toEqual(NOTHING_LEFT)
})

test('a cancellation of who waits reaches all members, who are waited for', () => {
  using world = virtualIo()
  const { io } = world
  const log: string[] = []
  world.run(function* () {
    const parent = io.async(function* () {
      const group = io.group('all')
      for (const name of ['a', 'b']) {
        group.async(function* () {
          log.push(`${name} ${yield* outcomeOf(io.sleep(1000))}`)
        })
      }
      log.push(`${yield* outcomeOf(group.wait())} with ${group.size}`)
    })
    yield* io.sleep(1)
    yield* io.cancel(parent)
  })
  expect(log).toEqual(['a canceled: sleep', 'b canceled: sleep', 'canceled: all with 0'])
  expect(world.scheduler.now()).toBe(1)
})

test('a limit holds for members, and who waits lends its place', () => {
  using world = virtualIo({ maxConcurrent: 1 })
  const { io } = world
  let running = 0
  let most = 0
  let done = 0
  world.run(function* () {
    const parent = io.async(function* () {
      const group = io.group()
      for (let i = 0; i < 20; i++) {
        group.async(function* () {
          most = Math.max(most, ++running)
          yield* io.sleep(1)
          running--
          done++
        })
      }
      expect(() => group.concurrent(() => 1)).toThrow(ConcurrencyUnavailableError)
      expect(group.size).toBe(20)
      yield* group.wait()
    })
    yield* io.await(parent)
  })
  expect([most, done, world.scheduler.now(), world.scheduler.counts]).toEqual([1, 20, 20, NOTHING_LEFT])
})

test('cancel reaches a member that is added meanwhile, by one that had what it waited for', () => {
  using world = virtualIo()
  const { io } = world
  const log: string[] = []
  world.run(function* () {
    for (const by of ['cancel', 'wait'] as const) {
      const group = io.group()
      const gate = io.async(() => io.sleep(5))
      group.async(function* () {
        yield* io.await(gate)
        group.async(function* () {
          log.push(`${by}: ${yield* outcomeOf(io.sleep(60_000))}`)
        })
      })
      const waiter = io.async(() => group.wait())
      // The member was told first, and runs after this one.
      yield* io.await(gate)
      yield* by === 'cancel' ? group.cancel() : io.cancel(waiter)
      expect(group.size).toBe(0)
      yield* io.cancel(waiter)
      group.async(() => io.sleep(1))
      yield* group.wait()
    }
  })
  expect(log).toEqual(['cancel: canceled: sleep', 'wait: canceled: sleep'])
  expect(world.scheduler.now()).toBe(12)
})

test('who waits lends its place to a member that is added meanwhile, too', () => {
  using world = virtualIo({ maxConcurrent: 1 })
  const { io } = world
  const log: string[] = []
  world.run(function* () {
    const group = io.group()
    const mutex = io.mutex()
    const condition = io.condition()
    group.async(function* () {
      yield* io.sleep(1)
      yield* mutex.lock()
      group.async(function* () {
        yield* mutex.lock()
        condition.wakeOne()
        mutex.unlock()
      })
      yield* condition.wait(mutex)
      mutex.unlock()
      log.push('was woken')
    })
    yield* group.wait()
  })
  expect(log).toEqual(['was woken'])
})

test('the end of a member costs no more where there are many', () => {
  using world = virtualIo()
  const { io } = world
  let ended = 0
  world.run(function* () {
    const group = io.group()
    for (let i = 0; i < 100_000; i++) {
      group.async(function* () {
        yield* io.sleep(1)
        ended++
      })
    }
    yield* group.wait()
  })
  // Where each looks through all that are left, that is a minute, which is more than a test may take.
  expect(ended).toBe(100_000)
})
