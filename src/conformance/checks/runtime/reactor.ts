import { Interest } from '../../../backends/backend.ts'
import { SystemError } from '../../../errors.ts'
import { deadlineIn, expired, remaining } from '../../../loop/deadline.ts'
import { Reactor, ReactorEvents } from '../../../loop/reactor.ts'
import { close, pipe, read, socketpair, write } from '../../build.ts'
import type { Check, Family } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { underSignals } from '../../waits/under-signals.ts'
import { patientBackend } from './patient.ts'

const { READ, WRITE } = Interest
/** Both halves of 64 bits, so that a token that is cut short shows. */
const TOKEN = 0xfeedfacecafef00dn
const SEED = 'seed: the edge-triggered one-shot reactor'

/** What must come, comes at once; the room is for a loaded machine. */
const PATIENCE_MS = 5000

function open(machine: Machine): Reactor {
  const reactor = new Reactor(machine.libc, { backend: patientBackend(machine) })
  machine.cleanups.push(() => reactor.close())
  return reactor
}

/** Expects of one poll just these events, in words. A signal that comes is no event, and the poll is made again. */
function expectEvents(machine: Machine, reactor: Reactor, expected: string): void {
  machine.begin(`poll, for ${expected}`)
  const events = new ReactorEvents()
  const deadline = deadlineIn(expected === 'nothing' ? 0 : PATIENCE_MS)
  while (reactor.poll(events, remaining(deadline)) === 0 && !expired(deadline));
  const words = [...events].map(
    ({ token, readable, writable }) => `${token}${readable ? ' readable' : ''}${writable ? ' writable' : ''}`,
  )
  machine.expect(words.toSorted().join(', ') || 'nothing', expected, 'the events of a poll')
}

function expectError(machine: Machine, code: string, what: string, action: () => void): void {
  machine.begin(what)
  let actual = 'no error'
  try {
    action()
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    actual = error.code
  }
  machine.expect(actual, code, what)
}

/** Re-arms `a`: that this fails is what is wrong, and no set-up. */
function reregister(machine: Machine, reactor: Reactor, token: number, interest: number): void {
  expectError(machine, 'no error', 'reregister', () => reactor.reregister(machine.fd('a'), token, interest))
}

const checks: readonly Check[] = [
  portableCheck({
    id: 'reactor.one-shot',
    statement: 'An event carries its token and its directions, and nothing more comes until reregister.',
    source: `${SEED} (register, poll)`,
    run(machine) {
      const reactor = open(machine)
      machine.run(socketpair('a', 'b'))
      reactor.register(machine.fd('a'), TOKEN, READ)
      expectEvents(machine, reactor, 'nothing')
      machine.run(write('b', 4))
      expectEvents(machine, reactor, `${TOKEN} readable`)
      machine.run(write('b', 4))
      expectEvents(machine, reactor, 'nothing')
    },
  }),
  portableCheck({
    id: 'reactor.reregister-ready',
    statement: 'Reregister reports what is ready already, with the new token and interest, and once.',
    source: `${SEED} (reregister)`,
    run(machine) {
      const reactor = open(machine)
      machine.run(socketpair('a', 'b'), write('b', 4))
      reactor.register(machine.fd('a'), 1, READ)
      expectEvents(machine, reactor, '1 readable')
      reregister(machine, reactor, 2, READ | WRITE)
      expectEvents(machine, reactor, '2 readable writable')
      expectEvents(machine, reactor, 'nothing')
      reregister(machine, reactor, 3, WRITE)
      expectEvents(machine, reactor, '3 writable')
      machine.run(read('a', 4))
      reregister(machine, reactor, 4, READ)
      expectEvents(machine, reactor, 'nothing')
    },
  }),
  portableCheck({
    id: 'reactor.deregister',
    statement: 'After deregister nothing is reported, and the descriptor can be registered again.',
    source: `${SEED} (deregister)`,
    run(machine) {
      const reactor = open(machine)
      machine.run(pipe('r', 'w'), write('w', 1))
      const fd = machine.fd('r')
      reactor.register(fd, 1, READ)
      reactor.deregister(fd)
      expectEvents(machine, reactor, 'nothing')
      reactor.register(fd, 2, READ)
      expectEvents(machine, reactor, '2 readable')
    },
  }),
  portableCheck({
    id: 'reactor.errors',
    statement:
      'Deregister and reregister of what is not registered are ENOENT, register of what is registered is EEXIST.',
    source: `${SEED}; epoll_ctl(2): ENOENT, EEXIST`,
    run(machine) {
      const reactor = open(machine)
      machine.run(pipe('r', 'w'))
      const fd = machine.fd('r')
      expectError(machine, 'ENOENT', 'deregister', () => reactor.deregister(fd))
      expectError(machine, 'ENOENT', 'reregister', () => reactor.reregister(fd, 1, READ))
      reactor.register(fd, 1, READ)
      expectError(machine, 'EEXIST', 'register', () => reactor.register(fd, 1, READ))
    },
  }),
  portableCheck({
    id: 'reactor.hang-up',
    statement: 'A hang-up is readable and writable, whichever of them was asked for.',
    source: `${SEED}, which does not look at EPOLLHUP; epoll_ctl(2): EPOLLHUP is always reported`,
    run(machine) {
      const reactor = open(machine)
      machine.run(socketpair('a', 'b'))
      reactor.register(machine.fd('a'), 1, READ)
      expectEvents(machine, reactor, 'nothing')
      machine.run(close('b'))
      expectEvents(machine, reactor, '1 readable writable')
      expectEvents(machine, reactor, 'nothing')
    },
  }),
  portableCheck({
    id: 'reactor.error-condition',
    statement: 'An error is readable and writable: that of a pipe whose reader is closed.',
    source: `${SEED}, which does not look at EPOLLERR; epoll_ctl(2): EPOLLERR of a pipe`,
    run(machine) {
      const reactor = open(machine)
      machine.run(pipe('r', 'w'), close('r'))
      reactor.register(machine.fd('w'), 1, WRITE)
      expectEvents(machine, reactor, '1 readable writable')
    },
  }),
  portableCheck({
    id: 'reactor.batch',
    statement: 'A poll has room for 1024 events at least, also where fewer were asked for.',
    source: `${SEED} (MAX_EVENTS)`,
    descriptors: 210,
    run(machine) {
      const reactor = open(machine)
      for (let i = 0; i < 100; i++) {
        machine.run(pipe(`r${i}`, `w${i}`))
        reactor.register(machine.fd(`w${i}`), i, WRITE)
      }
      const events = new ReactorEvents(1)
      machine.begin('poll, with room for 1 asked for')
      machine.expect(events.capacity, 1024, 'the room')
      machine.expect(reactor.poll(events, 0), 100, 'how many events there are')
    },
  }),
  portableCheck({
    id: 'reactor.timeout-clamped',
    statement: 'A timeout beyond a C int of milliseconds is the longest, and neither none nor negative.',
    source: `${SEED} (timeout_ms.min(i32::MAX))`,
    run(machine) {
      const reactor = open(machine)
      machine.run(pipe('r', 'w'))
      machine.begin('poll, for 2^32 ms')
      reactor.register(machine.fd('w'), 1, WRITE)
      machine.expect(reactor.poll(new ReactorEvents(), 2 ** 32), 1, 'how many events there are')
    },
  }),
  portableCheck({
    id: 'reactor.interrupted',
    kind: 'time',
    statement:
      'A poll that a signal interrupts has no events and throws nothing; what was registered is still there.',
    source: `${SEED} (poll: EINTR is 0 events)`,
    threads: 1,
    run(machine) {
      const reactor = open(machine)
      machine.run(pipe('r', 'w'))
      reactor.register(machine.fd('r'), 1, READ)
      const start = performance.now()
      const count = underSignals(machine, () => {
        machine.begin('poll, while signals come')
        return reactor.poll(new ReactorEvents(), PATIENCE_MS)
      })
      machine.expect(count, 0, 'how many events there are')
      const isEarly = performance.now() - start < PATIENCE_MS
      machine.expect(isEarly ? 'by a signal' : 'by the end of its time', 'by a signal', 'what has ended it')
      machine.run(write('w', 1))
      expectEvents(machine, reactor, '1 readable')
    },
  }),
]

/** One-shot readiness over every backend. */
export const reactors: Family = {
  name: 'reactor',
  title: 'Reactor',
  why: 'Runtimes are built on one event for each request: a second one wakes who has gone, and one that does not come is a task that sleeps for ever.',
  checks,
}
