import { FiberError } from '../../../errors.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import { errorOf } from './fibers.ts'
import { expectProgram, IO_SEED, openIo } from './io.ts'

/** What fibers that share something wait in. */
export const locks: readonly Check[] = [
  portableCheck({
    id: 'runtime.mutex',
    statement:
      'A mutex is held by one fiber at a time, over its waits, and handed on in the order of those who asked.',
    source: `${IO_SEED} (Mutex)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'a@0 a@3 b@3 b@6 c@6 c@9 free', function* (log) {
        const mutex = io.mutex()
        const group = io.group()
        for (const name of ['a', 'b', 'c']) {
          group.async(function* () {
            yield* mutex.lock()
            log.push(`${name}@${io.now()}`)
            yield* io.sleep(3)
            log.push(`${name}@${io.now()}`)
            mutex.unlock()
          })
        }
        yield* group.wait()
        log.push(mutex.owner === undefined ? 'free' : 'held')
      })
    },
  }),
  portableCheck({
    id: 'runtime.mutex-misuse',
    statement:
      'Who locks a mutex twice, unlocks what it does not hold, or is no fiber, gets an error that says so.',
    source: `${IO_SEED} (Mutex: assert)`,
    run(machine) {
      const io = openIo(machine)
      const mutex = io.mutex()
      machine.begin('tryLock outside of fibers')
      const outside = errorOf(FiberError, () => mutex.tryLock())
      machine.expect(outside?.problem ?? 'no error', 'outside-fiber', 'tryLock')
      expectProgram(machine, io, 'not-owner owner false', function* (log) {
        log.push(errorOf(FiberError, () => mutex.unlock())?.problem ?? 'no error')
        yield* mutex.lock()
        try {
          yield* mutex.lock()
        } catch (error) {
          log.push(error instanceof FiberError ? error.problem : String(error))
        }
        yield* io.await(io.async(() => void log.push(String(mutex.tryLock()))))
        mutex.unlock()
      })
    },
  }),
  portableCheck({
    id: 'runtime.condition',
    statement:
      'A wake of a condition reaches who waits longest, a wake of all reaches all, and each holds the mutex again.',
    source: `${IO_SEED} (Condition: wait, signal, broadcast)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'a@1 b@2 c@2', function* (log) {
        const mutex = io.mutex()
        const condition = io.condition()
        const group = io.group()
        for (const name of ['a', 'b', 'c']) {
          group.async(function* () {
            yield* mutex.lock()
            yield* condition.wait(mutex)
            log.push(
              mutex.owner === io.scheduler.current ? `${name}@${io.now()}` : `${name} without the mutex`,
            )
            mutex.unlock()
          })
        }
        yield* io.sleep(1)
        condition.wakeOne()
        yield* io.sleep(1)
        condition.wakeAll()
        yield* group.wait()
      })
    },
  }),
  portableCheck({
    id: 'runtime.uncancelable',
    statement:
      'What is uncancelable waits on where its cancellation is requested: for a mutex, for a condition, for an end.',
    source: `${IO_SEED} (lockUncancelable, waitUncancelable, cancel)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'locked@5 woken@8 ended@12', function* (log) {
        const mutex = io.mutex()
        const condition = io.condition()
        yield* mutex.lock()
        const locking = io.async(function* () {
          yield* mutex.lockUncancelable()
          log.push(`locked@${io.now()}`)
          yield* condition.waitUncancelable(mutex)
          log.push(`woken@${io.now()}`)
          mutex.unlock()
        })
        const slow = io.async(function* () {
          try {
            yield* io.sleep(1000)
          } finally {
            yield* mutex.lockUncancelable()
            log.push(`ended@${io.now()}`)
            mutex.unlock()
          }
        })
        yield* io.sleep(1)
        io.requestCancel(locking)
        yield* io.sleep(4)
        mutex.unlock()
        yield* io.sleep(3)
        condition.wakeOne()
        yield* io.await(locking)
        yield* mutex.lock()
        const canceling = io.async(() => io.cancel(slow))
        yield* io.sleep(1)
        io.requestCancel(canceling)
        yield* io.sleep(3)
        mutex.unlock()
        yield* io.await(canceling)
      })
    },
  }),
  portableCheck({
    id: 'runtime.wake-not-lost',
    statement:
      'A wake of a condition, or a mutex, that comes before a cancellation is not lost on who waits behind.',
    source: `${IO_SEED} (Condition: a canceled waiter passes its signal on)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'first second', function* (log) {
        const mutex = io.mutex()
        const condition = io.condition()
        const waiting = (name: string) =>
          io.async(function* () {
            yield* mutex.lock()
            try {
              yield* condition.wait(mutex)
              log.push(name)
            } finally {
              mutex.unlock()
            }
          })
        const first = waiting('first')
        const second = waiting('second')
        yield* io.sleep(1)
        // Served, and canceled before it runs: then it was served. Canceled before it is served: the other one is.
        condition.wakeOne()
        io.requestCancel(first)
        yield* io.await(first)
        const third = waiting('third')
        yield* io.sleep(1)
        io.requestCancel(third)
        condition.wakeOne()
        yield* io.await(second)
        yield* io.cancel(third)
      })
    },
  }),
]
