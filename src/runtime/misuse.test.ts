/** What ends badly: deadlocks, errors of fibers, and misuse. */
import { describe, expect, test } from 'vitest'
import { DeadlockError, FiberError } from '../errors.ts'
import { noLibc } from '../testing/no-libc.ts'
import { VirtualClock } from './clock.ts'
import { Wakeup } from './fiber.ts'
import type { Fiber, Parked } from './fiber.ts'
import { Scheduler } from './scheduler.ts'
import { WaitQueue } from './wait-queue.ts'

const open = (): Scheduler => new Scheduler(noLibc, { clock: new VirtualClock() })

/** The FiberError that an action throws. */
function misuse(action: () => unknown): FiberError {
  try {
    action()
  } catch (error) {
    if (error instanceof FiberError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The DeadlockError that a run ends in. */
function deadlock(scheduler: Scheduler): DeadlockError {
  try {
    scheduler.run()
  } catch (error) {
    if (error instanceof DeadlockError) return error
    throw error
  }
  throw new Error('there is no deadlock')
}

describe('a deadlock', () => {
  test('names the fibers, and what each waits for', () => {
    using scheduler = open()
    const queue = new WaitQueue('the door')
    scheduler.spawn(function* () {
      yield scheduler.suspend()
    }, 'reader')
    const task = scheduler.go(function* () {
      yield scheduler.waitIn(queue)
    }, 'worker')
    scheduler.spawn(function* () {
      yield* task.wait()
    })
    scheduler.spawn(function* () {
      yield scheduler.sleep(1)
    })
    const error = deadlock(scheduler)
    expect(error.fibers).toEqual([
      { id: 0, name: 'reader', waitsFor: 'suspend' },
      { id: 1, name: 'worker', waitsFor: 'the door' },
      { id: 2, name: 'fiber 2', waitsFor: 'task worker' },
    ])
    expect(error.message).toMatch(/3 fibers suspended.*reader waits in suspend.*worker waits in the door/)
  })

  test('of many fibers names some, and says how many there are', () => {
    using scheduler = open()
    for (let i = 0; i < 100; i++) {
      scheduler.spawn(function* () {
        yield scheduler.suspend()
      })
    }
    expect(() => scheduler.run()).toThrow(/100 fibers.*fiber 7 waits in suspend, and 92 more/)
  })

  test('can be resolved, and run again', () => {
    using scheduler = open()
    let wakeup: Wakeup | undefined
    const fiber = scheduler.spawn(function* () {
      wakeup = yield scheduler.suspend()
    })
    expect(() => scheduler.run()).toThrow(DeadlockError)
    scheduler.wake(fiber)
    scheduler.run()
    expect(wakeup).toBe(Wakeup.WOKEN)
  })
})

describe('an error of a fiber', () => {
  test('leaves run, and the others go on with the next', () => {
    using scheduler = open()
    const error = new Error('mine')
    let others = 0
    const failing = scheduler.spawn(function* () {
      yield scheduler.yieldNow()
      throw error
    })
    for (let i = 0; i < 3; i++) {
      scheduler.spawn(function* () {
        yield scheduler.sleep(1)
        others++
      })
    }
    expect(() => scheduler.run()).toThrow(error)
    expect([failing.state, others, scheduler.counts.fibers]).toEqual(['done', 0, 3])
    scheduler.run()
    expect(others).toBe(3)
  })

  test('in the middle of a wait leaves nothing waiting', () => {
    using scheduler = open()
    scheduler.spawn(() => {
      scheduler.sleep(5)
      throw new Error('mine')
    })
    expect(() => scheduler.run()).toThrow('mine')
    scheduler.run()
    expect([scheduler.now(), scheduler.counts.suspended]).toEqual([0, 0])
  })
})

describe('misuse is a typed error that says what, where, and what to do', () => {
  test.each(['yieldNow', 'suspend', 'sleep', 'blockOnFd', 'waitIn'] as const)(
    '%s outside a fiber',
    (name) => {
      using scheduler = open()
      const calls: Record<string, () => Parked> = {
        yieldNow: () => scheduler.yieldNow(),
        suspend: () => scheduler.suspend(),
        sleep: () => scheduler.sleep(1),
        blockOnFd: () => scheduler.blockOnFd(0, 'read'),
        waitIn: () => scheduler.waitIn(new WaitQueue('nothing')),
      }
      const error = misuse(() => calls[name]?.())
      expect(error).toMatchObject({ problem: 'outside-fiber', operation: name, where: 'no fiber' })
      expect(error.message).toBe(
        `${name} in no fiber: no fiber runs here that could wait; spawn one that does`,
      )
    },
  )

  test.each(['sleep', 'yieldNow', 'suspend'] as const)('a second wait after %s', (first) => {
    using scheduler = open()
    let error: FiberError | undefined
    scheduler.spawn(function* () {
      const parked = first === 'sleep' ? scheduler.sleep(5) : scheduler[first](1)
      error = misuse(() => scheduler.suspend())
      yield parked
    }, 'twice')
    scheduler.run()
    expect(error).toMatchObject({ problem: 'double-wait', operation: 'suspend', where: 'fiber 0 (twice)' })
    expect(error?.message).toContain(first === 'sleep' ? 'it waits already in sleep until 5 ms' : 'it ')
    expect(error?.hint).toContain('yield what')
  })

  test('a wait that is never yielded, at the end of its fiber', () => {
    using scheduler = open()
    scheduler.spawn(() => {
      scheduler.sleep(5)
    }, 'hasty')
    expect(misuse(() => scheduler.run())).toMatchObject({
      problem: 'not-yielded',
      where: 'fiber 0 (hasty)',
      message: expect.stringContaining('it ended while it waits in sleep until 5 ms') as string,
    })
    scheduler.run()
    expect([scheduler.now(), scheduler.counts]).toEqual([0, { fibers: 0, suspended: 0, registrations: 0 }])
  })

  test('the same of one that was woken meanwhile: it does not run again', () => {
    using scheduler = open()
    const fiber: Fiber = scheduler.spawn(() => {
      scheduler.sleep(5)
      scheduler.wake(fiber)
    })
    expect(misuse(() => scheduler.run()).problem).toBe('not-yielded')
    scheduler.run()
    expect(fiber.state).toBe('done')
  })

  test('a yield of nothing that waits ends the fiber, with its finally blocks', () => {
    using scheduler = open()
    let isTidy = false
    scheduler.spawn(function* () {
      try {
        yield undefined as unknown as Parked
      } finally {
        isTidy = true
      }
    }, 'bare')
    expect(misuse(() => scheduler.run())).toMatchObject({ problem: 'not-yielded', where: 'fiber 0 (bare)' })
    expect([isTidy, scheduler.counts.fibers]).toEqual([true, 0])
  })

  test('tells finally blocks that wait what they do, where, and which fiber they are of', () => {
    using scheduler = open()
    let error: FiberError | undefined
    const fiber = scheduler.spawn(function* () {
      try {
        yield undefined as unknown as Parked
      } finally {
        expect(scheduler.current).toBe(fiber)
        error = misuse(() => scheduler.sleep(1))
      }
    }, 'bare')
    expect(misuse(() => scheduler.run()).where).toBe('fiber 0 (bare)')
    expect(error).toMatchObject({ problem: 'not-yielded', operation: 'sleep', where: 'fiber 0 (bare)' })
    expect(scheduler.current).toBeUndefined()
  })

  test.each(['a wait that it never yields', 'a yield of nothing that waits'])(
    'a task that ends in %s is canceled: nobody waits for it for ever',
    (what) => {
      using scheduler = open()
      const task = scheduler.go(function* () {
        yield scheduler.yieldNow()
        if (what.startsWith('a wait')) scheduler.sleep(5)
        else yield undefined as unknown as Parked
      }, 'hasty')
      const log: unknown[] = []
      scheduler.spawn(function* () {
        try {
          yield* task.wait()
        } catch (error) {
          log.push(String(error))
        }
      })
      expect(misuse(() => scheduler.run()).problem).toBe('not-yielded')
      scheduler.run()
      expect([log, task.state]).toEqual([['TaskCanceledError: task hasty was canceled'], 'canceled'])
    },
  )

  test('run and close from within', () => {
    using scheduler = open()
    const errors: FiberError[] = []
    scheduler.spawn(() => {
      errors.push(
        misuse(() => scheduler.run()),
        misuse(() => scheduler.close()),
      )
    })
    scheduler.run()
    expect(errors.map(({ problem, operation }) => [problem, operation])).toEqual([
      ['reentrant', 'run'],
      ['reentrant', 'close'],
    ])
  })

  test('a fiber of another scheduler', () => {
    using scheduler = open()
    using other = open()
    const queue = new WaitQueue('shared')
    const fiber = other.spawn(function* () {
      yield other.waitIn(queue)
    })
    expect(() => other.run()).toThrow(DeadlockError)
    expect(misuse(() => scheduler.wake(fiber))).toMatchObject({ problem: 'foreign', operation: 'wake' })
    expect(misuse(() => scheduler.serveAll(queue)).problem).toBe('foreign')
  })

  test.each(['spawn', 'go', 'run', 'wakeHandle', 'sleep'] as const)('%s after close', (name) => {
    const scheduler = open()
    scheduler.close()
    scheduler.close()
    const body = (): void => {}
    const calls: Record<string, () => unknown> = {
      spawn: () => scheduler.spawn(body),
      go: () => scheduler.go(body),
      run: () => scheduler.run(),
      wakeHandle: () => scheduler.wakeHandle(),
      sleep: () => scheduler.sleep(1),
    }
    expect(misuse(() => calls[name]?.())).toMatchObject({ problem: 'closed', operation: name })
  })

  test('a wake handle without anybody to hear it', () => {
    using scheduler = open()
    expect(misuse(() => scheduler.wakeHandle())).toMatchObject({ problem: 'no-channel' })
  })
})
