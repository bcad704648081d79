import { Wakeup } from '../../../runtime/fiber.ts'
import { close, pipe, read, socketpair, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import { underSignals } from '../../waits/under-signals.ts'
import { expectRun, open, openInTime, SEED } from './fibers.ts'

/** On a machine so busy that a thread gets no time for a second, a sleep ends late, but it ends. */
const LATEST_MS = 2040

/** Fibers that wait for descriptors. */
export const descriptors: readonly Check[] = [
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
    id: 'scheduler.descriptor-before-time',
    statement:
      'In virtual time a descriptor that is ready comes before the next deadline, and one that is not lets time pass.',
    source: `${SEED}, which waits for one or the other`,
    run(machine) {
      const scheduler = open(machine)
      machine.run(pipe('r', 'w'))
      const log: string[] = []
      scheduler.spawn(function* () {
        yield scheduler.blockOnFd(machine.fd('r'), 'read')
        log.push(`fd@${scheduler.now()}`)
      })
      scheduler.spawn(function* () {
        yield scheduler.sleep(5)
        machine.run(write('w', 1))
        yield scheduler.sleep(5)
        log.push(`timer@${scheduler.now()}`)
      })
      expectRun(machine, scheduler, log, 'fd@5 timer@10')
    },
  }),
  portableCheck({
    id: 'scheduler.deadline-with-descriptors',
    kind: 'time',
    statement:
      'A timer ends on time, and never early, while other fibers wait for descriptors that are not ready.',
    source: `${SEED}, whose known gap it is: timers and descriptors are not waited for together`,
    run(machine) {
      const scheduler = openInTime(machine)
      machine.run(pipe('r', 'w'))
      const log: string[] = []
      scheduler.spawn(function* () {
        yield scheduler.blockOnFd(machine.fd('r'), 'read')
        log.push('fd')
      })
      scheduler.spawn(function* () {
        const start = scheduler.now()
        log.push(String(yield scheduler.sleep(10)))
        log.push(scheduler.now() - start >= 10 ? 'in-time' : 'early')
        machine.run(write('w', 1))
      })
      expectRun(machine, scheduler, log, `${Wakeup.TIME} in-time fd`)
    },
  }),
  portableCheck({
    id: 'scheduler.interrupted',
    kind: 'time',
    statement:
      'Signals that interrupt the wait of a scheduler over and over make no sleep early, and none endless.',
    source: `${SEED} (run: a wait that is interrupted is made again)`,
    threads: 1,
    run(machine) {
      const scheduler = openInTime(machine)
      machine.run(pipe('r', 'w'))
      const log: string[] = []
      scheduler.spawn(function* () {
        log.push(String(yield scheduler.blockOnFd(machine.fd('r'), 'read')))
      })
      scheduler.spawn(function* () {
        const start = scheduler.now()
        log.push(String(yield scheduler.sleep(40)))
        const sleptMs = scheduler.now() - start
        log.push(sleptMs < 40 ? 'early' : sleptMs < LATEST_MS ? 'in-time' : 'late')
        machine.run(write('w', 1))
      })
      underSignals(machine, () =>
        expectRun(machine, scheduler, log, `${Wakeup.TIME} in-time ${Wakeup.READY}`),
      )
    },
  }),
]
