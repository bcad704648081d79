/** Random programs of fibers and tasks under the virtual clock: no wake is lost, nothing runs twice, all repeats itself. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TaskCanceledError } from '../errors.ts'
import { noLibc } from '../testing/no-libc.ts'
import { VirtualClock } from './clock.ts'
import { Wakeup } from './fiber.ts'
import type { Fiber, Routine } from './fiber.ts'
import { Scheduler } from './scheduler.ts'
import type { Task } from './task.ts'
import { WaitQueue } from './wait-queue.ts'

const FIBERS = 6
const which = fc.nat(FIBERS - 1)
const ms = fc.integer({ min: 0, max: 4 })

/** What a fiber does, one after the other. Every wait has an end, so that no program is a deadlock. */
const operation = fc.oneof(
  fc.record({ op: fc.constant('yield' as const) }),
  fc.record({ op: fc.constant('sleep' as const), ms }),
  fc.record({ op: fc.constant('suspend' as const), ms }),
  fc.record({ op: fc.constant('queue' as const), ms }),
  fc.record({ op: fc.constant('wake' as const), which }),
  fc.record({ op: fc.constant('serve' as const) }),
  fc.record({ op: fc.constant('serve-all' as const) }),
  fc.record({ op: fc.constant('spawn' as const), ms }),
  fc.record({ op: fc.constant('cancel' as const), which }),
  fc.record({ op: fc.constant('wait' as const), which }),
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never
const program = fc.array(fc.array(operation, { maxLength: 12 }), { minLength: 1, maxLength: FIBERS })

/** Plays a program, holds each step against what must hold, and returns all that happened in its order. */
function play(bodies: readonly (readonly Operation[])[]): string[] {
  const trace: string[] = []
  const clock = new VirtualClock()
  using scheduler = new Scheduler(noLibc, { clock })
  const queue = new WaitQueue('queue')
  const tasks: Task<number>[] = []
  /** How each suspended fiber was woken, if it was: what it must then be told, once. */
  const promised = new Map<Fiber, Wakeup>()
  let running: Fiber | undefined
  let lastMs = 0

  /** Waits, and checks what comes of it. */
  function* waiting(
    wait: () => ReturnType<Scheduler['suspend']>,
    untilMs: number | undefined,
  ): Routine<Wakeup> {
    const fiber = scheduler.current as Fiber
    const parked = wait()
    running = undefined
    const wakeup = yield parked
    // Nobody else may be in the middle of something, and time must not have gone back.
    expect(running).toBeUndefined()
    expect(scheduler.current).toBe(fiber)
    expect(scheduler.now()).toBeGreaterThanOrEqual(lastMs)
    running = fiber
    lastMs = scheduler.now()
    expect(wakeup).toBe(promised.get(fiber) ?? (untilMs === undefined ? Wakeup.YIELDED : Wakeup.TIME))
    if (wakeup === Wakeup.TIME) expect(scheduler.now()).toBe(untilMs)
    promised.delete(fiber)
    return wakeup
  }

  function* one(action: Operation): Routine {
    const after = 'ms' in action ? scheduler.now() + action.ms : undefined
    switch (action.op) {
      case 'yield':
        return void (yield* waiting(() => scheduler.yieldNow(), undefined))
      case 'sleep':
        return void (yield* waiting(() => scheduler.sleep(action.ms), after))
      case 'suspend':
        return void (yield* waiting(() => scheduler.suspend(action.ms), after))
      case 'queue':
        return void (yield* waiting(() => scheduler.waitIn(queue, action.ms), after))
      case 'wake':
        return wakeTask(tasks[action.which])
      case 'serve':
        return serve()
      case 'serve-all':
        while (!queue.isEmpty) serve()
        return
      case 'spawn':
        scheduler.spawn(function* () {
          running = scheduler.current
          yield* waiting(() => scheduler.sleep(action.ms), scheduler.now() + action.ms)
          running = undefined
        })
        return
      case 'cancel':
        return tasks[action.which]?.cancel()
      case 'wait':
        return yield* waitFor(action.which)
    }
  }

  function wakeTask(task: Task<number> | undefined): void {
    if (task === undefined) return
    const { state } = task.fiber
    expect(scheduler.wake(task.fiber)).toBe(state === 'suspended')
    if (state === 'suspended') promised.set(task.fiber, Wakeup.WOKEN)
  }

  function serve(): void {
    const { first } = queue
    expect(scheduler.serveFirst(queue)).toBe(first ?? undefined)
    if (first !== null) promised.set(first, Wakeup.READY)
  }

  /** Only for those that were started before, so that nobody waits in a circle. */
  function* waitFor(index: number): Routine {
    const task = tasks[index]
    const fiber = scheduler.current as Fiber
    if (task === undefined || task.fiber.id >= fiber.id || tasks.every((other) => other.fiber !== fiber))
      return
    running = undefined
    try {
      expect(yield* task.wait()).toBe(index)
      expect(task.state).toBe('done')
    } catch (error) {
      if (!(error instanceof TaskCanceledError)) throw error
      expect(task.state).toBe('canceled')
    }
    promised.delete(fiber)
    running = fiber
    lastMs = scheduler.now()
  }

  for (const [i, actions] of bodies.entries()) {
    const task = scheduler.go(function* () {
      running = scheduler.current
      for (const [step, action] of actions.entries()) {
        trace.push(`${i}.${step} ${action.op} @${scheduler.now()}`)
        yield* one(action)
      }
      trace.push(`${i} ends @${scheduler.now()}`)
      running = undefined
      return i
    })
    tasks.push(task)
  }
  scheduler.run()
  expect(scheduler.counts).toEqual({ fibers: 0, suspended: 0, registrations: 0 })
  expect([...promised.keys()].filter(({ state }) => state !== 'done')).toEqual([])
  return trace
}

test('of random programs every wake arrives, no step runs twice, and the trace is the same each time', () => {
  fc.assert(
    fc.property(program, (bodies) => {
      const trace = play(bodies)
      expect(new Set(trace).size).toBe(trace.length)
      // Each fiber has done all, in its order, or was canceled before it did anything.
      for (const [i, actions] of bodies.entries()) {
        const own = trace.filter((line) => line.startsWith(`${i}.`))
        expect(own.map((line) => line.split(' ')[1])).toEqual(
          own.length === 0 ? [] : actions.map(({ op }) => op),
        )
      }
      expect(play(bodies)).toEqual(trace)
    }),
    { numRuns: 500 },
  )
})
