import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { errnoName, errnoNumber, sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, close, del, epoll, eventfd, pipe, wait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { waitForEvents } from '../../operations/calls.ts'
import { counterOf, encodeEvent, eventBuffer, pollfdFor } from '../../operations/events.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import type { Job } from '../../threads/job.ts'
import { dawdle, Partner, race } from '../../threads/race.ts'
import { sleepSync } from '../../../sleep.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'

const EEXIST = errnoNumber('EEXIST')
const ENOENT = errnoNumber('ENOENT')
const EBADF = errnoNumber('EBADF')

const STORMING = 4
const STORM_FDS = ['e1', 'e2', 'e3', 'e4', 'e5']

/** A ring of so many threads, for so long. */
const RING = 8
const RING_MS = 250

export const races: readonly Check[] = [
  epollCheck({
    id: 'thr.ctl-storm',
    statement: `While ${STORMING} threads add, modify and delete the same descriptors and two wait, EEXIST and ENOENT are the only errors, and every event is one that somebody asked for.`,
    kind: 'race',
    source: 'libkqueue; gVisor',
    threads: STORMING + 1,
    run(machine) {
      machine.run(epoll('ep'), ...STORM_FDS.map((name) => eventfd(name, 1)))
      const storms = Array.from({ length: STORMING }, (_, i) => startStorm(machine, i))
      const [events, waiter] = [eventBuffer(8), machine.acquireThread()]
      machine.keep(events)
      const args = [machine.fd('ep'), events.address, 8, 1]
      waiter.post({
        calls: [{ fn: 'epoll_wait', args, accept: [0, 1, 2, 3, 4, 5] }],
        rounds: UNTIL_STOPPED,
      })
      let seen = 0
      machine.begin(`epoll_wait(ep, 8, 1 ms) while ${STORMING} threads change its entries`)
      race(machine, (round) => {
        for (const [label, mask] of waitForEvents(machine, 'ep', 8, 1)) {
          seen++
          // The label says what was asked for with it.
          if (!label.endsWith(` ${mask}`)) {
            throw new Failure(
              'the mask that was asked for with the data',
              `${label}: ${mask}, in round ${round}`,
            )
          }
        }
      })
      const changes = endAll([...storms, waiter]).slice(0, STORMING)
      for (const name of STORM_FDS) {
        resultOf(machine.libc, 'epoll_ctl', machine.fd('ep'), EPOLL_CTL.DEL, machine.fd(name), events.address)
      }
      machine.run(wait('ep', {}), ...STORM_FDS.map((name) => del('ep', name, 'ENOENT')))
      machine.note = `${machine.note}, ${seen} events, ${changes.reduce((sum, n) => sum + n, 0)} rounds of changes`
    },
  }),
  epollCheck({
    id: 'thr.close-vs-ctl',
    statement:
      'A DEL that races with the close of its descriptor gives 0, ENOENT or EBADF, and leaves nothing behind that is reported.',
    kind: 'race',
    source: 'gramine#340; CVE-2026-46242',
    bugs: ['gramine#340: a close and a DEL at once left an entry of a file that was gone'],
    threads: 1,
    run(machine) {
      const { libc } = machine
      machine.run(epoll('ep'), eventfd('target'))
      const [ep, target] = [machine.fd('ep'), machine.fd('target')]
      const event = encodeEvent(EPOLL.IN, machine.labels.data('target'))
      machine.keep(event)
      const del = [ep, EPOLL_CTL.DEL, target, event.address]
      const partner = new Partner(
        machine,
        'deleter',
        [{ fn: 'epoll_ctl', args: del, accept: [0, -ENOENT, -EBADF] }],
        { tells: true },
      )
      // Only now, or something of the partner's would have the number.
      partner.finish()
      machine.run(close('target'))
      machine.begin('close a descriptor while a thread deletes it from ep')
      race(machine, (round) => {
        openAt(machine, target)
        sys(libc, 'epoll_ctl', ep, EPOLL_CTL.ADD, target, event.address)
        partner.again()
        dawdle(machine, round)
        machine.closeFd('target')
        partner.finish()
        const left = waitForEvents(machine, 'ep', 8, 0)
        if (left.length > 0) throw new Failure('no events', `${left.join(', ')}, in round ${round}`)
      })
      partner.stop()
    },
  }),
  epollCheck({
    id: 'thr.epoll-happens-before',
    statement: 'What was stored in memory before the write that wakes a thread is seen by that thread.',
    kind: 'race',
    source: 'Miri issue 3911',
    threads: 1,
    run(machine) {
      const { libc } = machine
      machine.run(eventfd('e'), pipe('answer', 'to answer'), epoll('ep'), add('ep', 'e', 'IN|ET'))
      const [e, answer] = [machine.fd('e'), machine.fd('answer')]
      const [stored, one, counter, got] = [counterOf(0n), counterOf(1n), counterOf(0n), counterOf(0n)]
      const [events, pollfd] = [eventBuffer(1), pollfdFor(machine, 'answer')]
      for (const memory of [stored, counter, events]) machine.keep(memory)
      const partner = new Partner(machine, 'reader', [
        { fn: 'epoll_wait', args: [machine.fd('ep'), events.address, 1, WOKEN.timeoutMs], accept: [1] },
        { fn: 'read', args: [e, counter.address, 8], accept: [8] },
        // What the thread sees in memory, it says.
        { fn: 'write', args: [machine.fd('to answer'), stored.address, 8], accept: [8] },
      ])
      machine.begin('store a number, write to e, and ask what the thread sees')
      race(machine, (round) => {
        if (round > 0) partner.again()
        dawdle(machine, round)
        stored.view.setBigUint64(0, BigInt(round), true)
        sys(libc, 'write', e, one.address, 8)
        if (sys(libc, 'poll', pollfd.address, 1, WOKEN.timeoutMs) === 0) {
          throw new Failure('the thread wakes', `it does not, in round ${round}`)
        }
        sys(libc, 'read', answer, got.address, 8)
        machine.expect(got.view.getBigUint64(0, true), BigInt(round), 'the thread sees')
      })
      partner.stop()
    },
  }),
  epollCheck({
    id: 'thr.many-waiters-many-epolls',
    statement: `A token goes round ${RING} threads, each in an epoll of its own, through pipes, and is never lost.`,
    kind: 'race',
    source: 'libuv; gVisor (with 100 threads)',
    threads: RING,
    descriptors: RING * 3 + 4,
    run(machine) {
      const names = Array.from({ length: RING }, (_, i) => `r${i + 1}`)
      machine.run(
        ...names.flatMap((name) => [
          pipe(name, `to ${name}`),
          epoll(`ep of ${name}`),
          add(`ep of ${name}`, name, 'IN'),
        ]),
      )
      const threads = names.map((name, i) => startMember(machine, name, names[(i + 1) % RING] ?? name))
      const token = new Memory(1)
      machine.begin(`${RING} threads pass a token on`)
      // Two of them, so that more than one thread is awake at a time.
      for (const at of [0, RING / 2])
        sys(machine.libc, 'write', machine.fd(`to ${names[at]}`), token.address, 1)
      sleepSync(RING_MS)
      for (const thread of threads) thread.stop()
      // One for each, so that whoever is not yet told to stop gets another round.
      for (const name of names) sys(machine.libc, 'write', machine.fd(`to ${name}`), token.address, 1)
      const rounds = endAll(threads)
      machine.note = `${rounds.reduce((sum, n) => sum + n, 0)} hops`
    },
  }),
]

/** Ends threads, and says how many rounds each has made. Fails where a call of one did not do what it must. */
function endAll(threads: readonly WaiterThread[]): number[] {
  for (const thread of threads) thread.stop()
  return threads.map((thread) => {
    const result = thread.join(LONGEST_WAIT_MS)
    if (result === undefined) throw new Failure('every call returns', 'a thread is still in its call')
    if (result.rejected) {
      const { call, result: number, errno } = result
      const actual = number === -1 ? errnoName(errno) : String(number)
      throw new Failure('every call of a thread gives what it may', `call ${call} of a round gives ${actual}`)
    }
    return result.rounds
  })
}

/** A thread that adds, modifies and deletes descriptors, each thread in another order. */
function startStorm(machine: Machine, index: number): WaiterThread {
  const ep = machine.fd('ep')
  const eventOf = (label: string, mask: number): number => {
    const event = encodeEvent(mask, machine.labels.data(label))
    machine.keep(event)
    return event.address
  }
  const calls: Job['calls'] = STORM_FDS.flatMap((_, i) => {
    const name = STORM_FDS[(i * (index + 1) + index) % STORM_FDS.length] ?? ''
    const fd = machine.fd(name)
    const change = (op: number, label: string, mask: number): Job['calls'][number] => ({
      fn: 'epoll_ctl',
      args: [ep, op, fd, eventOf(label, mask)],
      accept: [0, -EEXIST, -ENOENT],
    })
    return [
      change(EPOLL_CTL.ADD, `added by ${index}: ${name} IN`, EPOLL.IN),
      change(EPOLL_CTL.MOD, `changed by ${index}: ${name} OUT`, EPOLL.OUT),
      change(EPOLL_CTL.MOD, `changed by ${index}: ${name} IN|OUT`, EPOLL.IN | EPOLL.OUT),
      change(EPOLL_CTL.DEL, '', 0),
    ]
  })
  const thread = machine.acquireThread()
  thread.post({ calls, rounds: UNTIL_STOPPED })
  return thread
}

/** Opens an eventfd that is readable under this number. */
function openAt(machine: Machine, number: number): void {
  const fd = sys(machine.libc, 'eventfd', 1, 0)
  if (fd !== number) {
    sys(machine.libc, 'dup2', fd, number)
    machine.libc.fn.close(fd)
  }
  machine.bind('target', number)
}

/** A thread that waits for a token, takes it, and passes it on. */
function startMember(machine: Machine, from: string, to: string): WaiterThread {
  const [events, byte, thread] = [eventBuffer(1), new Memory(1, { shared: true }), machine.acquireThread()]
  machine.keep(events)
  machine.keep(byte)
  thread.post({
    calls: [
      {
        fn: 'epoll_wait',
        args: [machine.fd(`ep of ${from}`), events.address, 1, WOKEN.timeoutMs],
        accept: [1],
      },
      { fn: 'read', args: [machine.fd(from), byte.address, 1], accept: [1] },
      { fn: 'write', args: [machine.fd(`to ${to}`), byte.address, 1], accept: [1] },
    ],
    rounds: UNTIL_STOPPED,
  })
  return thread
}
