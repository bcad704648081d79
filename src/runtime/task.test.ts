/** Tasks: results, errors and cancellation, for one waiter and for many, in both orders of completion. */
import { describe, expect, test } from 'vitest'
import { TaskCanceledError } from '../errors.ts'
import { noLibc } from '../testing/no-libc.ts'
import { VirtualClock } from './clock.ts'
import { Wakeup } from './fiber.ts'
import type { Fiber } from './fiber.ts'
import { Scheduler } from './scheduler.ts'
import type { Task } from './task.ts'

const open = (): Scheduler => new Scheduler(noLibc, { clock: new VirtualClock() })

/** Starts fibers that wait for a task after so many milliseconds each; what each gets, and when, comes into the log. */
function waiters(scheduler: Scheduler, task: Task<unknown>, delays: readonly number[]): string[] {
  const log: string[] = []
  for (const [i, ms] of delays.entries()) {
    scheduler.spawn(function* () {
      yield scheduler.sleep(ms)
      try {
        log.push(`${i} got ${String(yield* task.wait())} @${scheduler.now()}`)
      } catch (error) {
        log.push(`${i} got ${String(error)} @${scheduler.now()}`)
      }
    })
  }
  return log
}

describe('a result', () => {
  test('comes to who waits before the work has ended, and to who waits after', () => {
    using scheduler = open()
    const task = scheduler.go(function* () {
      yield scheduler.sleep(10)
      return 42
    })
    const log = waiters(scheduler, task, [1, 0, 20, 10])
    expect(task.state).toBe('pending')
    scheduler.run()
    expect(log).toEqual(['1 got 42 @10', '0 got 42 @10', '3 got 42 @10', '2 got 42 @20'])
    expect([task.state, task.result()]).toEqual(['done', 42])
  })

  test('may be that of a plain function, and undefined', () => {
    using scheduler = open()
    const plain = scheduler.go(() => 'plain')
    const nothing = scheduler.go(() => undefined)
    scheduler.run()
    expect([plain.result(), nothing.result(), nothing.state]).toEqual(['plain', undefined, 'done'])
  })

  test('is there without waiting once the work has ended, and not before', () => {
    using scheduler = open()
    const task = scheduler.go(() => 1)
    expect(() => task.result()).toThrow(TypeError)
    scheduler.run()
    expect(task.result()).toBe(1)
  })

  test('is still waited for by who was woken early', () => {
    using scheduler = open()
    const log: unknown[] = []
    const task = scheduler.go(function* () {
      yield scheduler.sleep(10)
      return 'late'
    })
    const waiter: Fiber = scheduler.spawn(function* () {
      log.push(yield task.ended(), scheduler.now())
      log.push(yield* task.wait(), scheduler.now())
    })
    scheduler.spawn(function* () {
      for (let i = 0; i < 3; i++) {
        yield scheduler.sleep(1)
        scheduler.wake(waiter)
      }
    })
    scheduler.run()
    expect(log).toEqual([Wakeup.WOKEN, 1, 'late', 10])
  })
})

describe('an error', () => {
  test('comes to all who wait', () => {
    using scheduler = open()
    const task = scheduler.go(function* () {
      yield scheduler.sleep(10)
      throw new RangeError('mine')
    })
    const log = waiters(scheduler, task, [0, 20])
    scheduler.run()
    expect(log).toEqual(['0 got RangeError: mine @10', '1 got RangeError: mine @20'])
    expect(task.state).toBe('failed')
  })

  test('that nobody waits for leaves run when all is done, once', () => {
    using scheduler = open()
    let isDone = false
    scheduler.go(() => {
      throw new RangeError('unheard')
    })
    scheduler.spawn(function* () {
      yield scheduler.sleep(5)
      isDone = true
    })
    expect(() => scheduler.run()).toThrow('unheard')
    expect(isDone).toBe(true)
    scheduler.run()
  })

  test('of a canceled task is nobody’s', () => {
    using scheduler = open()
    const task = scheduler.go(function* () {
      yield scheduler.sleep(5)
      throw new Error('too late')
    })
    const failed = scheduler.go(() => {
      throw new Error('before')
    })
    scheduler.spawn(function* () {
      yield scheduler.sleep(1)
      task.cancel()
      failed.cancel()
    })
    scheduler.run()
    expect([task.state, failed.state]).toEqual(['canceled', 'canceled'])
  })
})

describe('cancel', () => {
  test('before the start skips the work', () => {
    using scheduler = open()
    let ran = false
    const task = scheduler.go(function* () {
      ran = true
      yield scheduler.sleep(1)
    })
    const plain = scheduler.go(() => {
      ran = true
    })
    task.cancel()
    plain.cancel()
    const log = waiters(scheduler, task, [0, 5])
    scheduler.run()
    expect([ran, task.state, plain.state, scheduler.counts.fibers]).toEqual([
      false,
      'canceled',
      'canceled',
      0,
    ])
    expect(log).toEqual([
      '0 got TaskCanceledError: task fiber 0 was canceled @0',
      '1 got TaskCanceledError: task fiber 0 was canceled @5',
    ])
  })

  test('after the start lets the work go on, and suppresses its delivery', () => {
    using scheduler = open()
    let end = -1
    const task = scheduler.go(function* () {
      yield scheduler.sleep(10)
      end = scheduler.now()
      return 42
    }, 'work')
    const log = waiters(scheduler, task, [0, 4, 20])
    scheduler.spawn(function* () {
      yield scheduler.sleep(5)
      task.cancel()
      task.cancel()
    })
    scheduler.run()
    expect(end).toBe(10)
    const canceled = 'got TaskCanceledError: task work was canceled'
    expect(log).toEqual([`0 ${canceled} @5`, `1 ${canceled} @5`, `2 ${canceled} @20`])
  })

  test('after the end takes the result back from who has not got it', () => {
    using scheduler = open()
    const task = scheduler.go(() => 42)
    scheduler.run()
    task.cancel()
    expect(() => task.result()).toThrow(TaskCanceledError)
    const log = waiters(scheduler, task, [0])
    scheduler.run()
    expect(log).toEqual(['0 got TaskCanceledError: task fiber 0 was canceled @0'])
  })

  test('of the task that runs, from within, suppresses its delivery', () => {
    using scheduler = open()
    const task: Task<number> = scheduler.go(function* () {
      task.cancel()
      yield scheduler.sleep(1)
      return 1
    })
    scheduler.run()
    expect([task.state, scheduler.now()]).toEqual(['canceled', 1])
  })
})
