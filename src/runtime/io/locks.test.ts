/** Mutexes and conditions, under the virtual clock. */
import { describe, expect, test } from 'vitest'
import { DeadlockError, FiberError } from '../../errors.ts'
import type { Fiber } from '../fiber.ts'
import { NOTHING_LEFT, outcomeOf, virtualIo } from '../../testing/io.ts'

describe('a mutex', () => {
  test('excludes, first come, first served, over any number of waits', () => {
    using world = virtualIo()
    const { io } = world
    const log: string[] = []
    const mutex = io.mutex()
    world.run(function* () {
      const group = io.group()
      for (const name of ['a', 'b', 'c']) {
        group.async(function* () {
          for (let i = 1; i <= 2; i++) {
            yield* mutex.lock()
            const before = log.length
            yield* io.sleep(1)
            expect(log.length).toBe(before)
            log.push(`${name}${i}@${io.now()}`)
            mutex.unlock()
          }
        })
      }
      yield* group.wait()
    })
    expect(log.join(' ')).toBe('a1@1 b1@2 c1@3 a2@4 b2@5 c2@6')
    expect(mutex.owner).toBeUndefined()
  })

  test('is not taken by who comes between unlock and who waits', () => {
    using world = virtualIo()
    const { io } = world
    const mutex = io.mutex()
    const log: string[] = []
    world.run(function* () {
      expect(mutex.tryLock()).toBe(true)
      const waiter = io.async(function* () {
        yield* mutex.lock()
        log.push('waiter')
        mutex.unlock()
      })
      yield* io.sleep(1)
      mutex.unlock()
      expect(mutex.tryLock()).toBe(false)
      yield* mutex.lock()
      log.push('again')
      mutex.unlock()
      yield* io.await(waiter)
    })
    expect(log).toEqual(['waiter', 'again'])
  })

  test('is not held by who was canceled in lock; the uncancelable lock gets it', () => {
    using world = virtualIo()
    const { io } = world
    const mutex = io.mutex('m')
    const log: string[] = []
    world.run(function* () {
      yield* mutex.lock()
      const canceled = io.async(function* () {
        log.push(yield* outcomeOf(mutex.lock()))
        yield* mutex.lockUncancelable()
        log.push(`has it @${io.now()}`)
        mutex.unlock()
      })
      yield* io.sleep(1)
      io.requestCancel(canceled)
      yield* io.sleep(1)
      mutex.unlock()
      yield* io.await(canceled)
    })
    expect(log).toEqual(['canceled: lock of m', 'has it @2'])
    expect(world.scheduler.counts).toEqual(NOTHING_LEFT)
  })

  test('that was handed over before the cancellation is held, and by nobody woken by hand', () => {
    using world = virtualIo()
    const { io, scheduler } = world
    const mutex = io.mutex()
    const log: unknown[] = []
    world.run(function* () {
      yield* mutex.lock()
      const waiter = io.async(function* () {
        yield* mutex.lock()
        log.push(mutex.owner === scheduler.current, io.cancelRequested)
        mutex.unlock()
      })
      yield* io.sleep(1)
      scheduler.wake(waiter.task?.fiber as Fiber)
      yield* io.sleep(1)
      mutex.unlock()
      yield* io.cancel(waiter)
    })
    expect(log).toEqual([true, true])
  })

  test('says who holds it where it is used in a way that cannot work', () => {
    using world = virtualIo()
    const { io } = world
    const mutex = io.mutex('m')
    expect(() => mutex.tryLock()).toThrow(FiberError)
    expect(() => mutex.unlock()).toThrow(/unlock of m in no fiber/)
    world.run(function* () {
      expect(() => mutex.unlock()).toThrow(/unlock of m in fiber 0 \(main\): nobody holds it/)
      yield* mutex.lock()
      expect(yield* outcomeOf(mutex.lock())).toMatch('FiberError: lock of m in fiber 0 (main): it holds it')
      const other = io.async(() => mutex.unlock())
      yield* io.sleep(1)
      expect(yield* outcomeOf(io.await(other))).toMatch('fiber 0 (main) holds it')
    })
    io.async(() => mutex.lock(), 'stuck')
    expect(() => world.scheduler.run()).toThrow(DeadlockError)
    expect(() => world.scheduler.run()).toThrow('stuck waits in m')
  })
})

describe('a condition', () => {
  test('wakes one, who waits longest, and wakes all; a wake that nobody waits for is lost', () => {
    using world = virtualIo()
    const { io } = world
    const mutex = io.mutex()
    const condition = io.condition()
    const log: string[] = []
    world.run(function* () {
      condition.wakeOne()
      condition.wakeAll()
      const group = io.group()
      for (const name of ['a', 'b', 'c', 'd']) {
        group.async(function* () {
          yield* mutex.lock()
          yield* name === 'b' ? condition.waitUncancelable(mutex) : condition.wait(mutex)
          expect(mutex.owner).toBe(world.scheduler.current)
          log.push(`${name}@${io.now()}`)
          mutex.unlock()
        })
      }
      yield* io.sleep(1)
      condition.wakeOne()
      yield* io.sleep(1)
      condition.wakeAll()
      yield* group.wait()
    })
    expect(log.join(' ')).toBe('a@1 b@2 c@2 d@2')
    expect(world.scheduler.counts).toEqual(NOTHING_LEFT)
  })

  test('carries values from producers to consumers, none lost and none twice', () => {
    using world = virtualIo()
    const { io } = world
    const mutex = io.mutex()
    const [notEmpty, notFull] = [io.condition('not empty'), io.condition('not full')]
    const queue: number[] = []
    const got: number[] = []
    world.run(function* () {
      const consumers = io.group()
      const producers = io.group()
      for (let c = 0; c < 3; c++) {
        consumers.async(function* () {
          for (;;) {
            yield* mutex.lock()
            try {
              while (queue.length === 0) yield* notEmpty.wait(mutex)
              got.push(queue.shift() as number)
              notFull.wakeOne()
            } finally {
              mutex.unlock()
            }
            yield* io.sleep(c)
          }
        })
      }
      for (let p = 0; p < 3; p++) {
        producers.async(function* () {
          for (let i = 0; i < 20; i++) {
            yield* mutex.lock()
            while (queue.length === 2) yield* notFull.wait(mutex)
            queue.push(p * 100 + i)
            notEmpty.wakeOne()
            mutex.unlock()
          }
        })
      }
      yield* producers.wait()
      while (queue.length > 0) yield* io.sleep(1)
      yield* consumers.cancel()
    })
    expect(got.toSorted((a, b) => a - b)).toEqual(
      [0, 1, 2].flatMap((p) => Array.from({ length: 20 }, (_, i) => p * 100 + i)),
    )
    expect([mutex.owner, world.scheduler.counts]).toEqual([undefined, NOTHING_LEFT])
  })

  test('gives the mutex back to who is canceled, and passes no wake to it', () => {
    using world = virtualIo()
    const { io, scheduler } = world
    const mutex = io.mutex()
    const condition = io.condition('c')
    const log: string[] = []
    const waiting = (name: string) =>
      io.async(function* () {
        yield* mutex.lock()
        log.push(`${name} ${yield* outcomeOf(condition.wait(mutex))} ${mutex.owner === scheduler.current}`)
        log.push(`${name} ${yield* outcomeOf(condition.wait(mutex))}`)
        mutex.unlock()
      }, name)
    world.run(function* () {
      const canceled = waiting('canceled')
      const other = waiting('other')
      yield* io.sleep(1)
      yield* mutex.lock()
      io.requestCancel(canceled)
      yield* io.sleep(1)
      condition.wakeOne()
      mutex.unlock()
      yield* io.sleep(1)
      condition.wakeOne()
      yield* io.await(canceled)
      yield* io.await(other)
    })
    const message = 'canceled: wait in c'
    expect(log).toEqual([
      `canceled ${message} true`,
      `canceled ${message}`,
      'other undefined true',
      'other undefined',
    ])
  })

  test('needs the mutex', () => {
    using world = virtualIo()
    const { io } = world
    const mutex = io.mutex('m')
    const condition = io.condition('c')
    world.run(function* () {
      expect(yield* outcomeOf(condition.wait(mutex))).toMatch(
        'wait in c of m in fiber 0 (main): nobody holds it',
      )
      expect(yield* outcomeOf(condition.waitUncancelable(mutex))).toMatch('nobody holds it')
    })
  })

  test.each(['wait', 'waitUncancelable'] as const)(
    '%s loses no wake that comes after one by hand: who was woken looks again',
    (wait) => {
      using world = virtualIo()
      const { io, scheduler } = world
      const mutex = io.mutex('m')
      const condition = io.condition('c')
      let isReady = false
      const waiter = scheduler.spawn(function* () {
        yield* mutex.lock()
        while (!isReady) yield* condition[wait](mutex)
        mutex.unlock()
      })
      world.run(function* () {
        yield* io.sleep(1)
        expect(scheduler.wake(waiter)).toBe(true)
        isReady = true
        condition.wakeOne()
      })
      expect([waiter.state, mutex.owner]).toEqual(['done', undefined])
    },
  )
})
