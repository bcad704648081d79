import { backends } from '../../../backends/index.ts'
import { DeadlockError, FiberError, TaskCanceledError } from '../../../errors.ts'
import { VirtualClock } from '../../../runtime/clock.ts'
import { Wakeup } from '../../../runtime/fiber.ts'
import type { Fiber } from '../../../runtime/fiber.ts'
import { Scheduler } from '../../../runtime/scheduler.ts'
import { close, pipe, read, socketpair, write } from '../../build.ts'
import type { Check, Family } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'

const SEED = 'seed: the fiber scheduler'

/** A scheduler over the backend under test, in a time that passes only where everybody waits. */
function open(machine: Machine): Scheduler {
  const scheduler = new Scheduler(machine.libc, {
    backend: backends[machine.backend],
    clock: new VirtualClock(),
  })
  machine.cleanups.push(() => scheduler.close())
  return scheduler
}

/** Runs to the end, and expects this to have come into the log, and nothing to be left. */
function expectRun(machine: Machine, scheduler: Scheduler, log: readonly string[], expected: string): void {
  machine.begin('run the fibers')
  scheduler.run()
  machine.expect(log.join(' '), expected, 'what the fibers did')
  expectNothingLeft(machine, scheduler)
}

function expectNothingLeft(machine: Machine, scheduler: Scheduler): void {
  const { fibers, suspended, registrations } = scheduler.counts
  machine.expect(
    `${fibers} ${suspended} ${registrations}`,
    '0 0 0',
    'fibers, suspended ones and registrations left',
  )
}

/** The error that an action throws, of that kind. */
function errorOf<E extends Error>(
  kind: abstract new (...args: never[]) => E,
  action: () => unknown,
): E | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof kind) return error
    throw error
  }
}

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
    id: 'scheduler.block-read-write',
    statement: 'Who waits to read goes on when there is data, who waits to write when there is room.',
    source: `${SEED} (block_on_fd, which reads only)`,
    run(machine) {
      const scheduler = open(machine)
      machine.run(socketpair('a', 'b'))
      const log: string[] = []
      scheduler.spawn(function* () {
        log.push(String(yield scheduler.blockOnFd(machine.fd('a'), 'read')))
        machine.run(read('a', 3))
      })
      scheduler.spawn(function* () {
        log.push(String(yield scheduler.blockOnFd(machine.fd('a'), 'write')))
        machine.run(write('b', 3))
      })
      expectRun(machine, scheduler, log, `${Wakeup.READY} ${Wakeup.READY}`)
    },
  }),
  portableCheck({
    id: 'scheduler.many-readers',
    statement:
      'Several fibers may wait for one descriptor: each is served in turn, while there is something.',
    source: `${SEED}, which allows one waiter a descriptor`,
    run(machine) {
      const scheduler = open(machine)
      machine.run(pipe('r', 'w'))
      const log: string[] = []
      for (const i of [0, 1, 2]) {
        scheduler.spawn(function* () {
          yield scheduler.blockOnFd(machine.fd('r'), 'read')
          machine.run(read('r', 1))
          log.push(String(i))
        })
      }
      scheduler.spawn(() => machine.run(write('w', 3)))
      expectRun(machine, scheduler, log, '0 1 2')
    },
  }),
  portableCheck({
    id: 'scheduler.early-wake',
    statement: 'An early wake takes back the registration and the timer; both can be had again.',
    source: `${SEED} (cancel_timer_for, cancel_io_waiter_for)`,
    run(machine) {
      const scheduler = open(machine)
      machine.run(pipe('r', 'w'))
      const log: string[] = []
      const waiter = scheduler.spawn(function* () {
        for (let i = 0; i < 2; i++) {
          const wakeup = yield scheduler.blockOnFd(machine.fd('r'), 'read', 1000)
          log.push(`${wakeup}@${scheduler.now()}:${scheduler.counts.registrations}`)
        }
      })
      scheduler.spawn(function* () {
        yield scheduler.sleep(5)
        scheduler.wake(waiter)
      })
      expectRun(machine, scheduler, log, `${Wakeup.WOKEN}@5:0 ${Wakeup.TIME}@1005:0`)
    },
  }),
  portableCheck({
    id: 'scheduler.end-wakes-all',
    statement: 'The end of the peer wakes all that wait for a descriptor.',
    source: 'measured: who is not told waits for ever',
    run(machine) {
      const scheduler = open(machine)
      machine.run(socketpair('a', 'b'))
      const log: string[] = []
      for (const i of [0, 1, 2]) {
        scheduler.spawn(function* () {
          yield scheduler.blockOnFd(machine.fd('a'), 'read')
          log.push(String(i))
        })
      }
      scheduler.spawn(() => machine.run(close('b')))
      expectRun(machine, scheduler, log, '0 1 2')
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
]

/** Fibers over every backend. */
export const schedulers: Family = {
  name: 'scheduler',
  title: 'Fiber scheduler',
  why: 'A wake that is lost is a fiber that never runs again, and one that comes twice resumes who waits for something else.',
  checks,
}
