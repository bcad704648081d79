import { CanceledError, ConcurrencyUnavailableError } from '../../../errors.ts'
import type { Future } from '../../../runtime/io/future.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import { errorOf } from './fibers.ts'
import { expectProgram, IO_SEED, openIo } from './io.ts'

/** Work that was begun, and what becomes of it. */
export const futures: readonly Check[] = [
  portableCheck({
    id: 'runtime.await',
    statement:
      'What async has begun runs meanwhile, and await gives its result, or throws its error, every time.',
    source: `${IO_SEED} (async, await)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'begun 7@5 7@5 Error: no@5 Error: no@5', function* (log) {
        const value = io.async(function* () {
          yield* io.sleep(5)
          return 7
        })
        const failing = io.async(() => {
          throw new Error('no')
        })
        log.push('begun')
        for (let i = 0; i < 2; i++) log.push(`${yield* io.await(value)}@${io.now()}`)
        for (let i = 0; i < 2; i++) {
          try {
            yield* io.await(failing)
          } catch (error) {
            log.push(`${String(error)}@${io.now()}`)
          }
        }
      })
    },
  }),
  portableCheck({
    id: 'runtime.concurrent',
    statement:
      'Where as much runs as may, concurrent fails and says so, and async waits for its turn, or for who awaits it.',
    source: `${IO_SEED} (concurrent: ConcurrencyUnavailable; async runs in the caller where it must)`,
    run(machine) {
      const io = openIo(machine, { maxConcurrent: 1 })
      expectProgram(machine, io, 'refused waiting 2@0 1@5 3@5', function* (log) {
        const first = io.concurrent(function* () {
          yield* io.sleep(5)
          return 1
        })
        const refused = errorOf(ConcurrencyUnavailableError, () => io.concurrent(() => 0))
        log.push(refused === undefined ? 'begun' : 'refused')
        const second = io.async(() => 2)
        const third = io.async(() => 3)
        log.push(second.state)
        for (const future of [second, first, third]) log.push(`${yield* io.await(future)}@${io.now()}`)
      })
    },
  }),
  portableCheck({
    id: 'runtime.cancel',
    statement:
      'Cancel ends what waits, and waits for its end; what has ended keeps its result, and await of what was canceled says so.',
    source: `${IO_SEED} (cancel)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'running undefined@6 canceled CanceledError 7 done', function* (log) {
        const work = io.async(function* () {
          try {
            yield* io.sleep(1000)
          } finally {
            // Its end is waited for: this cannot be canceled again, for it does not wait.
            log.push(work.state)
          }
        })
        yield* io.sleep(6)
        log.push(`${String(yield* io.cancel(work))}@${io.now()}`, work.state)
        try {
          yield* io.await(work)
        } catch (error) {
          log.push(error instanceof CanceledError ? 'CanceledError' : String(error))
        }
        const done = io.async(() => 7)
        yield* io.await(done)
        log.push(String(yield* io.cancel(done)), done.state)
      })
    },
  }),
  portableCheck({
    id: 'runtime.cancel-stays',
    statement: 'A request for cancellation stays: who swallows it gets it again from the next wait.',
    source: `${IO_SEED} (cancelRequested, checkCancel)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'false true sleep@1 sleep@1 canceled', function* (log) {
        const work: Future<unknown> = io.async(function* () {
          log.push(String(io.cancelRequested))
          for (let i = 0; i < 2; i++) {
            try {
              yield* io.sleep(1000)
            } catch (error) {
              if (i === 0) log.push(String(io.cancelRequested))
              log.push(error instanceof CanceledError ? `${error.operation}@${io.now()}` : String(error))
            }
          }
          io.checkCancel()
          log.push('went on')
        })
        yield* io.sleep(1)
        yield* io.cancel(work)
        log.push(work.state)
      })
    },
  }),
  portableCheck({
    id: 'runtime.select',
    statement:
      'Select gives the first that ends, the lowest where several have, and ends none of the others.',
    source: `${IO_SEED} (select)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, '1@3 running 0@9 0@9', function* (log) {
        const ending = (ms: number): Future<void> => io.async(() => io.sleep(ms))
        const both = [ending(9), ending(3)]
        log.push(`${yield* io.select(both)}@${io.now()}`, both[0]?.state ?? '')
        log.push(`${yield* io.select(both.slice(0, 1))}@${io.now()}`)
        log.push(`${yield* io.select(both)}@${io.now()}`)
      })
    },
  }),
  portableCheck({
    id: 'runtime.group-wait',
    statement:
      'A group waits for all its members, also for those that a member adds, and throws the first error.',
    source: `${IO_SEED} (Group: async, wait)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'a@2 c@5 b@7 late@9 Error: c 0', function* (log) {
        const group = io.group()
        const member = (name: string, ms: number, fails = false): void =>
          group.async(function* () {
            yield* io.sleep(ms)
            log.push(`${name}@${io.now()}`)
            if (name === 'b') member('late', 2)
            if (fails) throw new Error(name)
          })
        member('a', 2)
        member('b', 7)
        member('c', 5, true)
        try {
          yield* group.wait()
        } catch (error) {
          log.push(String(error))
        }
        log.push(String(group.size))
      })
    },
  }),
  portableCheck({
    id: 'runtime.group-cancel',
    statement:
      'Cancel of a group ends all its members, and waits until they have ended; the group is empty then.',
    source: `${IO_SEED} (Group: cancel)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, 'end@4 end@4 end@4 0@4', function* (log) {
        const group = io.group()
        for (let i = 0; i < 3; i++) {
          group.async(function* () {
            try {
              yield* io.sleep(1000)
            } finally {
              log.push(`end@${io.now()}`)
            }
          })
        }
        yield* io.sleep(4)
        yield* group.cancel()
        log.push(`${group.size}@${io.now()}`)
      })
    },
  }),
  portableCheck({
    id: 'runtime.sleep',
    statement:
      'A sleep ends when the clock says so, never early, whoever wakes its fiber by hand; a negative one is refused.',
    source: `${IO_SEED} (now, sleep)`,
    run(machine) {
      const io = openIo(machine)
      expectProgram(machine, io, '0 woken 10 refused', function* (log) {
        log.push(String(io.now()))
        const fiber = io.scheduler.current
        io.async(function* () {
          yield* io.sleep(3)
          log.push(fiber !== undefined && io.scheduler.wake(fiber) ? 'woken' : 'not asleep')
        })
        yield* io.sleep(10)
        log.push(String(io.now()))
        try {
          yield* io.sleep(-1)
        } catch (error) {
          log.push(error instanceof RangeError ? 'refused' : String(error))
        }
      })
    },
  }),
]
