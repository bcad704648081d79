import { DeadlockError, FiberError, TaskCanceledError } from '../../../errors.ts'
import type { Fiber } from '../../../runtime/fiber.ts'
import { pipe } from '../../build.ts'
import type { Check, Family } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import { errorOf, expectNothingLeft, expectRun, open, SEED } from './fibers.ts'
import { descriptors } from './descriptors.ts'

const checks: readonly Check[] = [
  portableCheck({
    id: 'scheduler.round-robin',
    statement: 'Fibers run in the order in which they became ready; who gives way goes to the end.',
    source: `${SEED} (spawn, yield_now)`,
    run(machine) {
      const scheduler = open(machine)
      const log: string[] = []
      for (const name of ['a', 'b', 'c']) {
        scheduler.spawn(function* () {
          for (let turn = 0; turn < 3; turn++) {
            log.push(`${name}${turn}`)
            yield scheduler.yieldNow()
          }
        })
      }
      expectRun(machine, scheduler, log, 'a0 b0 c0 a1 b1 c1 a2 b2 c2')
    },
  }),
  portableCheck({
    id: 'scheduler.wake-suspended-only',
    statement: 'A wake makes a suspended fiber ready once, and is a no-op for any other.',
    source: `${SEED} (suspend_self, wake)`,
    run(machine) {
      const scheduler = open(machine)
      const log: string[] = []
      const sleeper = scheduler.spawn(function* () {
        yield scheduler.suspend()
        log.push('woken')
        yield scheduler.yieldNow()
        log.push('end')
      })
      const waker: Fiber = scheduler.spawn(() => {
        for (const fiber of [waker, sleeper, sleeper]) log.push(String(scheduler.wake(fiber)))
      })
      log.push(String(scheduler.wake(sleeper)))
      expectRun(machine, scheduler, log, 'false false true false woken end')
    },
  }),
  portableCheck({
    id: 'scheduler.virtual-time',
    statement:
      'Virtual time goes from deadline to deadline, in order, and first come first served among equals.',
    source: `${SEED} (sleep, now_ms)`,
    run(machine) {
      const scheduler = open(machine)
      const log: string[] = []
      for (const [name, ms] of [
        ['d', 86_400_000],
        ['b', 5],
        ['c', 5],
        ['a', 0],
      ] as const) {
        scheduler.spawn(function* () {
          yield scheduler.sleep(ms)
          log.push(`${name}@${scheduler.now()}`)
        })
      }
      expectRun(machine, scheduler, log, 'a@0 b@5 c@5 d@86400000')
    },
  }),
  portableCheck({
    id: 'scheduler.negative-sleep',
    statement: 'A negative sleep is refused, and time stays where it is.',
    source: `${SEED} (sleep: a negative duration would rewind the clock)`,
    run(machine) {
      const scheduler = open(machine)
      const log: string[] = []
      scheduler.spawn(() => {
        log.push(errorOf(RangeError, () => scheduler.sleep(-1)) === undefined ? 'taken' : 'refused')
        log.push(String(scheduler.now()))
      })
      expectRun(machine, scheduler, log, 'refused 0')
    },
  }),
  portableCheck({
    id: 'scheduler.tasks',
    statement: 'A result comes to all that wait for a task, before it has ended and after.',
    source: `${SEED} (go, wait: both orders of completion)`,
    run(machine) {
      const scheduler = open(machine)
      const log: string[] = []
      const task = scheduler.go(function* () {
        yield scheduler.sleep(5)
        return 42
      })
      for (const ms of [0, 1, 9]) {
        scheduler.spawn(function* () {
          yield scheduler.sleep(ms)
          log.push(`${yield* task.wait()}@${scheduler.now()}`)
        })
      }
      expectRun(machine, scheduler, log, '42@5 42@5 42@9')
    },
  }),
  portableCheck({
    id: 'scheduler.cancel',
    statement: 'Cancel before the start skips the work, and after it suppresses the delivery of its result.',
    source: `${SEED} (cancel)`,
    run(machine) {
      const scheduler = open(machine)
      const log: string[] = []
      const skipped = scheduler.go(() => log.push('skipped'))
      skipped.cancel()
      const started = scheduler.go(function* () {
        yield scheduler.sleep(5)
        log.push('worked')
      })
      scheduler.spawn(function* () {
        yield scheduler.sleep(1)
        started.cancel()
        yield scheduler.sleep(9)
        for (const task of [skipped, started]) {
          log.push(errorOf(TaskCanceledError, () => task.result()) === undefined ? 'delivered' : 'canceled')
        }
      })
      expectRun(machine, scheduler, log, 'worked canceled canceled')
    },
  }),
  portableCheck({
    id: 'scheduler.deadlock',
    statement: 'Where nothing is left that could wake a fiber, run fails, and names it.',
    source: `${SEED} (run: deadlock)`,
    run(machine) {
      const scheduler = open(machine)
      scheduler.spawn(function* () {
        yield scheduler.suspend()
      }, 'forgotten')
      machine.begin('run the fibers')
      const error = errorOf(DeadlockError, () => scheduler.run())
      machine.expect(error?.fibers.map(({ name }) => name).join() ?? 'no error', 'forgotten', 'a deadlock of')
    },
  }),
  portableCheck({
    id: 'scheduler.misuse',
    statement:
      'A wait outside a fiber, and a second wait before the first was yielded, are errors that say so.',
    source: `${SEED} (outside a fiber)`,
    run(machine) {
      const scheduler = open(machine)
      machine.begin('sleep outside a fiber')
      const outside = errorOf(FiberError, () => scheduler.sleep(1))
      machine.expect(outside?.problem ?? 'no error', 'outside-fiber', 'sleep')
      const log: string[] = []
      scheduler.spawn(function* () {
        const parked = scheduler.sleep(1)
        log.push(errorOf(FiberError, () => scheduler.suspend())?.problem ?? 'no error')
        yield parked
      })
      expectRun(machine, scheduler, log, 'double-wait')
    },
  }),
  portableCheck({
    id: 'scheduler.close',
    statement:
      'Close ends every fiber where it waits, and leaves nothing registered; use after it is an error.',
    source: `${SEED} (deinit)`,
    run(machine) {
      const scheduler = open(machine)
      machine.run(pipe('r', 'w'))
      let ended = 0
      for (const wait of [
        () => scheduler.suspend(),
        () => scheduler.sleep(5),
        () => scheduler.blockOnFd(machine.fd('r'), 'read'),
      ]) {
        scheduler.spawn(function* () {
          try {
            yield wait()
          } finally {
            ended++
          }
        })
      }
      scheduler.spawn(() => scheduler.stop())
      scheduler.run()
      machine.begin('close')
      scheduler.close()
      machine.expect(ended, 3, 'fibers that were ended')
      expectNothingLeft(machine, scheduler)
      const error = errorOf(FiberError, () => scheduler.spawn(() => {}))
      machine.expect(error?.problem ?? 'no error', 'closed', 'spawn')
    },
  }),
  ...descriptors,
]

/** Fibers over every backend. */
export const schedulers: Family = {
  name: 'scheduler',
  title: 'Fiber scheduler',
  why: 'A wake that is lost is a fiber that never runs again, and one that comes twice resumes who waits for something else.',
  checks,
}
