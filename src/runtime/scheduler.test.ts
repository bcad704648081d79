/** The scheduler and its tasks, under the virtual clock, and without any descriptor: no kernel is touched. */
import { describe, expect, test } from 'vitest'
import { noLibc } from '../testing/no-libc.ts'
import { VirtualClock } from './clock.ts'
import { Wakeup } from './fiber.ts'
import type { Fiber, FiberBody } from './fiber.ts'
import { Scheduler } from './scheduler.ts'
import { WaitQueue } from './wait-queue.ts'

const open = (): Scheduler => new Scheduler(noLibc, { clock: new VirtualClock() })

test('a wait is told of before and after it, and is none where somebody was made ready before it', () => {
  const log: string[] = []
  const note = (what: string): void => void log.push(`${what}@${scheduler.now()}`)
  using scheduler: Scheduler = new Scheduler(noLibc, {
    clock: new VirtualClock(),
    beforeWait() {
      if (log.length === 0) scheduler.spawn(() => note('spawned'))
      note('idle')
    },
    afterWait: (isIdle) => note(isIdle ? 'none' : 'busy'),
  })
  scheduler.spawn(function* () {
    yield scheduler.sleep(5)
    note('slept')
  })
  scheduler.run()
  expect(log.join(' ')).toBe('idle@0 busy@0 spawned@0 idle@0 busy@5 slept@5 idle@5 none@5')
})

describe('the ready queue', () => {
  test('is first come, first served, and who gives way goes to its end', () => {
    using scheduler = open()
    const log: string[] = []
    for (const name of ['a', 'b', 'c']) {
      scheduler.spawn(function* () {
        for (let turn = 1; turn <= 3; turn++) {
          log.push(`${name}${turn}`)
          expect(yield scheduler.yieldNow()).toBe(Wakeup.YIELDED)
        }
      })
    }
    scheduler.run()
    expect(log.join(' ')).toBe('a1 b1 c1 a2 b2 c2 a3 b3 c3')
    expect(scheduler.counts).toEqual({ fibers: 0, suspended: 0, registrations: 0 })
  })

  test('has fibers that were spawned by fibers behind those that were there', () => {
    using scheduler = open()
    const log: string[] = []
    scheduler.spawn(() => {
      scheduler.spawn(() => {
        log.push('child')
      })
      log.push('parent')
    })
    scheduler.spawn(() => {
      log.push('other')
    })
    scheduler.run()
    expect(log).toEqual(['parent', 'other', 'child'])
  })

  test('knows which fiber runs, and in which state each is', () => {
    using scheduler = open()
    const states: string[] = []
    const fiber: Fiber = scheduler.spawn(function* () {
      states.push(fiber.state)
      expect(scheduler.current).toBe(fiber)
      yield scheduler.suspend()
    }, 'watched')
    scheduler.spawn(() => {
      states.push(fiber.state)
      scheduler.wake(fiber)
      states.push(fiber.state)
    })
    states.push(fiber.state)
    scheduler.run()
    expect([...states, fiber.state]).toEqual(['ready', 'running', 'suspended', 'ready', 'done'])
    expect(scheduler.current).toBeUndefined()
    expect([fiber.name, String(fiber)]).toEqual(['watched', 'fiber 0 (watched)'])
  })

  test('can be run again, with what was spawned since', () => {
    using scheduler = open()
    let runs = 0
    for (let i = 1; i <= 3; i++) {
      scheduler.spawn(() => {
        runs++
      })
      scheduler.run()
      expect(runs).toBe(i)
    }
  })

  test('stops before the next fiber, which goes on with the next run', () => {
    using scheduler = open()
    const log: string[] = []
    scheduler.spawn(() => {
      log.push('first')
      scheduler.stop()
    })
    scheduler.spawn(() => {
      log.push('second')
    })
    scheduler.run()
    expect(log).toEqual(['first'])
    scheduler.run()
    expect(log).toEqual(['first', 'second'])
  })
})

describe('wake', () => {
  test('makes a suspended fiber ready, once; of any other it is a no-op', () => {
    using scheduler = open()
    const log: unknown[] = []
    const sleeper = scheduler.spawn(function* () {
      log.push(yield scheduler.suspend())
    })
    log.push(scheduler.wake(sleeper))
    const self: Fiber = scheduler.spawn(() => {
      log.push(scheduler.wake(self))
      log.push(scheduler.wake(sleeper), scheduler.wake(sleeper))
    })
    scheduler.run()
    expect(log).toEqual([false, false, true, false, Wakeup.WOKEN])
    expect(scheduler.wake(sleeper)).toBe(false)
  })

  test('of one that waits, and has not yielded yet, is not lost', () => {
    using scheduler = open()
    let wakeup: Wakeup | undefined
    const fiber: Fiber = scheduler.spawn(function* () {
      const parked = scheduler.suspend()
      scheduler.wake(fiber)
      wakeup = yield parked
    })
    scheduler.run()
    expect(wakeup).toBe(Wakeup.WOKEN)
  })

  test('ends a sleep, and its timer wakes nobody later', () => {
    using scheduler = open()
    const log: unknown[] = []
    const sleeper = scheduler.spawn(function* () {
      log.push(yield scheduler.sleep(10), scheduler.now())
      log.push(yield scheduler.sleep(100), scheduler.now())
    })
    scheduler.spawn(function* () {
      yield scheduler.sleep(3)
      scheduler.wake(sleeper)
    })
    scheduler.run()
    expect(log).toEqual([Wakeup.WOKEN, 3, Wakeup.TIME, 103])
  })
})

describe('the virtual clock', () => {
  test('advances to the nearest deadline when nobody is ready, and never else', () => {
    using scheduler = open()
    const log: string[] = []
    const sleeping = (name: string, ms: number): FiberBody =>
      function* () {
        expect(yield scheduler.sleep(ms)).toBe(Wakeup.TIME)
        log.push(`${name}@${scheduler.now()}`)
      }
    for (const [name, ms] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
    ] as const) {
      scheduler.spawn(sleeping(name, ms))
    }
    scheduler.spawn(function* () {
      for (let i = 0; i < 1000; i++) yield scheduler.yieldNow()
      log.push(`busy@${scheduler.now()}`)
    })
    scheduler.run()
    expect(log).toEqual(['busy@0', 'a@10', 'b@20', 'c@30'])
  })

  test('wakes who has the same deadline in the order in which they began to wait', () => {
    using scheduler = open()
    const log: number[] = []
    const order = Array.from({ length: 100 }, (_, i) => i)
    for (const i of order) {
      scheduler.spawn(function* () {
        // Half of them have begun earlier, and wait longer.
        if (i % 2 === 0) yield scheduler.sleep(5)
        yield scheduler.sleep(i % 2 === 0 ? 5 : 10)
        log.push(i)
      })
    }
    scheduler.run()
    expect(log).toEqual([...order.filter((i) => i % 2 === 1), ...order.filter((i) => i % 2 === 0)])
  })

  test('wakes one at a time: what that one does comes before the next of the same deadline', () => {
    using scheduler = open()
    const log: string[] = []
    for (const name of ['a', 'b']) {
      scheduler.spawn(function* () {
        yield scheduler.sleep(1)
        scheduler.spawn(() => {
          log.push(`child of ${name}`)
        })
      })
    }
    scheduler.spawn(function* () {
      yield scheduler.sleep(1)
      log.push('c')
    })
    scheduler.run()
    expect(log).toEqual(['child of a', 'child of b', 'c'])
  })

  test('lets a sleep of 0 wait until all that is due before it has run', () => {
    using scheduler = open()
    const log: string[] = []
    scheduler.spawn(function* () {
      yield scheduler.sleep(0)
      log.push(`slept@${scheduler.now()}`)
    })
    scheduler.spawn(function* () {
      yield scheduler.yieldNow()
      log.push('gave way')
    })
    scheduler.run()
    expect(log).toEqual(['gave way', 'slept@0'])
  })

  test.each([-1, -0.001, NaN, Infinity])('refuses a sleep of %s ms, and the fiber goes on', (ms) => {
    using scheduler = open()
    let went = false
    scheduler.spawn(function* () {
      expect(() => scheduler.sleep(ms)).toThrow(RangeError)
      expect(() => scheduler.suspend(ms)).toThrow(RangeError)
      expect(() => scheduler.waitIn(new WaitQueue('nothing'), ms)).toThrow(RangeError)
      yield scheduler.sleep(1)
      went = true
    })
    scheduler.run()
    expect([went, scheduler.now()]).toEqual([true, 1])
  })

  test('does not go back', () => {
    const clock = new VirtualClock()
    clock.advanceTo(5)
    clock.advanceTo(5)
    for (const ms of [4, NaN, Infinity]) expect(() => clock.advanceTo(ms)).toThrow(RangeError)
    expect(clock.now()).toBe(5)
  })

  test('ends a suspend with a time limit', () => {
    using scheduler = open()
    const log: unknown[] = []
    scheduler.spawn(function* () {
      log.push(yield scheduler.suspend(7), scheduler.now())
    })
    scheduler.run()
    expect(log).toEqual([Wakeup.TIME, 7])
  })
})

describe('a queue', () => {
  test('serves in order, can be left in the middle, and forgets who timed out', () => {
    using scheduler = open()
    const queue = new WaitQueue('door')
    const log: string[] = []
    const fibers = [0, 1, 2, 3].map((i) =>
      scheduler.spawn(function* () {
        const wakeup = yield scheduler.waitIn(queue, i === 3 ? 5 : undefined)
        log.push(`${i}:${wakeup}`)
      }),
    )
    scheduler.spawn(function* () {
      scheduler.wake(fibers[1] as Fiber)
      yield scheduler.sleep(6)
      expect(scheduler.serveFirst(queue)).toBe(fibers[0])
      scheduler.serveAll(queue)
      expect([queue.isEmpty, scheduler.serveFirst(queue)]).toEqual([true, undefined])
    })
    scheduler.run()
    expect(log).toEqual([`1:${Wakeup.WOKEN}`, `3:${Wakeup.TIME}`, `0:${Wakeup.READY}`, `2:${Wakeup.READY}`])
  })
})
