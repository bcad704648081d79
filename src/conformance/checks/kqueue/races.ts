import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { errnoNumber } from '../../../libc/libc.ts'
import { pipe, write } from '../../build.ts'
import { kqueueCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import { eventsText } from '../../operations/kevents.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import { change, kev, kqueue } from '../../steps/kevents.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import type { Job } from '../../threads/job.ts'
import { race } from '../../threads/race.ts'
import { sleepSync } from '../../../sleep.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'

/** How often each thread asks. */
const ROUNDS = 10_000

/** How long they get for it, on a machine that is busy with something else. */
const MOST_MS = 1500

/** How long a race of additions and deletions lasts, and how long a thread may go on when it is to stop. */
const RACE_MS = 1000

/** Several threads that use one kqueue at once. */
export const races: readonly Check[] = [
  kqueueCheck({
    id: 'kq.no-false-negative',
    statement: `Of 2 threads that ask ${ROUNDS} times each, without waiting, for what is ready all the time none ever gets nothing.`,
    kind: 'race',
    source: 'NetBSD tests; NetBSD PR 50094',
    bugs: ['golang/go#42515: on NetBSD a thread got nothing while another looked, and the program slept on'],
    threads: 2,
    run(machine) {
      ready(machine)
      const workers = [1, 2].map(() => {
        const call = new KeventCall(machine, 'kq', [], { room: 1 })
        return start(machine, [{ ...call.invocation, accept: [1] }], ROUNDS)
      })
      machine.begin(`2 threads ask ${ROUNDS} times for a pipe that is readable`)
      stopAfter(workers, MOST_MS)
      const rounds = workers.map((worker) => expectAccepted(worker, 'kevent gives 1 event each time'))
      machine.note = `${rounds.join(' and ')} rounds`
    },
  }),
  kqueueCheck({
    id: 'kq.blocked-vs-scan-race',
    statement:
      'A thread that waits for what is ready never sleeps, though another asks for it at the same time.',
    kind: 'race',
    source: 'golang/go#42515',
    threads: 2,
    run(machine) {
      ready(machine)
      const waiting = new KeventCall(machine, 'kq', [], { room: 1, timeoutMs: WOKEN.timeoutMs })
      const asking = new KeventCall(machine, 'kq', [], { room: 1 })
      const asker = start(machine, [asking.invocation], UNTIL_STOPPED)
      const waiter = start(machine, [{ ...waiting.invocation, accept: [1] }], ROUNDS)
      machine.begin(`a thread waits ${ROUNDS} times for a pipe that is readable, and another asks meanwhile`)
      stopAfter([waiter], MOST_MS)
      const rounds = expectAccepted(waiter, 'kevent gives 1 event each time')
      asker.stop()
      expectAccepted(asker, '')
      machine.note = `${rounds} rounds`
    },
  }),
  kqueueCheck({
    id: 'kq.add-trigger-delete-races',
    statement:
      'A user event that one thread adds and deletes and another triggers never comes when its deletion has returned.',
    kind: 'race',
    source: 'libkqueue test/threading.c',
    threads: 2,
    takesMs: RACE_MS + 100,
    run(machine) {
      machine.run(kqueue('kq'), change('kq', kev('USER', 8, 'ADD|CLEAR')))
      const trigger = (ident: number) =>
        new KeventCall(machine, 'kq', [kev('USER', ident, '', { fflags: 'TRIGGER' })]).invocation
      const accept = [0, -errnoNumber('ENOENT')]
      const workers = [7, 8].map((ident) => start(machine, [{ ...trigger(ident), accept }], UNTIL_STOPPED))
      const add = new KeventCall(machine, 'kq', [kev('USER', 7, 'ADD|CLEAR')])
      const remove = new KeventCall(machine, 'kq', [kev('USER', 7, 'DELETE')])
      const take = new KeventCall(machine, 'kq', [], { room: 4 })
      machine.begin('add, ask, delete and ask again, while a thread triggers')
      try {
        race(
          machine,
          (round) => {
            machine.expect(add.result(), 0, `kevent with EV_ADD in round ${round}`)
            expectOnly(machine, take, [7n, 8n], `in round ${round}`)
            machine.expect(remove.result(), 0, `kevent with EV_DELETE in round ${round}`)
            expectOnly(machine, take, [8n], `after the deletion of USER 7 in round ${round}`)
          },
          RACE_MS,
        )
      } finally {
        for (const worker of workers) worker.stop()
      }
      for (const worker of workers) expectAccepted(worker, 'a trigger gives 0 or ENOENT')
    },
  }),
  kqueueCheck({
    id: 'kq.close-races',
    statement:
      'Kqueues that are closed while a thread waits in them crash nothing, and the thread comes back.',
    level: 'de-facto',
    kind: 'race',
    source: 'libkqueue test/threading.c',
    threads: 1,
    takesMs: RACE_MS,
    run(machine) {
      machine.begin('open a kqueue, have a thread wait in it, trigger, close it')
      const step = machine.currentStep
      const waiter = machine.acquireThread()
      race(
        machine,
        (round) => {
          const name = `kq${round}`
          machine.run(kqueue(name))
          const wait = new KeventCall(machine, name, [], { room: 1, timeoutMs: 20 })
          const add = [kev('USER', 7, 'ADD|CLEAR'), kev('USER', 7, '', { fflags: 'TRIGGER' })]
          const wake = new KeventCall(machine, name, add)
          waiter.post({ calls: [wait.invocation], rounds: 1 })
          if (round % 2 === 1) waiter.waitUntilCalling()
          if (round % 4 < 2) wake.result()
          machine.closeFd(name)
          if (waiter.join(LONGEST_WAIT_MS) === undefined) {
            throw new Failure(`${step}: the thread comes back`, `it is still in kevent in round ${round}`)
          }
        },
        RACE_MS / 2,
      )
    },
  }),
]

/** A pipe that is readable, and stays so. */
function ready(machine: Machine): void {
  machine.run(pipe('r', 'w'), write('w', 1), kqueue('kq'), change('kq', kev('READ', 'r', 'ADD')))
}

function start(machine: Machine, calls: Job['calls'], rounds: number): WaiterThread {
  const worker = machine.acquireThread()
  worker.post({ calls, rounds })
  return worker
}

/** Lets jobs run for so long, or until all of them have ended. */
function stopAfter(workers: readonly WaiterThread[], ms: number): void {
  const end = performance.now() + ms
  while (!workers.every(({ isDone }) => isDone) && performance.now() < end) sleepSync(1)
  for (const worker of workers) worker.stop()
}

/** Waits for a job to end, and says how many rounds it had. Fails where one of its calls gave what it must not. */
function expectAccepted(worker: WaiterThread, expected: string): number {
  const result = worker.join(LONGEST_WAIT_MS)
  if (result === undefined) throw new Failure('every call returns', 'a thread is still in its call')
  if (!result.rejected) return result.rounds
  const { rounds, result: got, errno, elapsedNs } = result
  const what = got === -1 ? `errno ${errno}` : `${got} events`
  throw new Failure(expected, `${what} in round ${rounds}, after ${elapsedNs / 1e6} ms`)
}

/** Fails where an event comes of a user event that may not. */
function expectOnly(machine: Machine, call: KeventCall, idents: readonly bigint[], when: string): void {
  const events = call.events()
  if (events.every(({ ident }) => idents.includes(ident))) return
  throw new Failure(`no event but of USER ${idents.join(' and ')} ${when}`, eventsText(machine, events))
}
