import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { NULL } from '../../../libc/signatures.ts'
import { add, epoll, eventfd } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { underTest } from '../../operations/calls.ts'
import { counterOf, encodeEvent, eventBuffer, pollfdFor } from '../../operations/events.ts'
import { WOKEN } from '../../patience.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import { Aim } from '../../threads/aim.ts'
import { Partner, race } from '../../threads/race.ts'
import { RacingWaiter, untilAsleep } from '../../threads/racing-waiter.ts'

const THREADS = 8

/** What a short wait lasts. */
const SHORT_MS = 1

export const races: readonly Check[] = [
  epollCheck({
    id: 'epoll.wake.et-n-fds-n-waiters',
    statement: `Of ${THREADS} threads that take one event at a time, each gets another when ${THREADS} edge-triggered eventfds are written to at once.`,
    kind: 'race',
    source: 'kernel selftest epoll_wakeup 60 (with 10 threads); measured',
    why: 'A wake-up that is lost while others are being woken leaves a thread asleep with an event in the queue.',
    threads: THREADS,
    descriptors: THREADS + 8,
    run(machine) {
      const names = Array.from({ length: THREADS }, (_, i) => `e${i + 1}`)
      machine.run(epoll('ep'), ...names.flatMap((name) => [eventfd(name), add('ep', name, 'IN|ET')]))
      const waiting = names.map(() => new RacingWaiter(machine, 'ep', WOKEN.timeoutMs))
      const one = counterOf(1n)
      const fds = names.map((name) => machine.fd(name))
      machine.begin(`${THREADS} threads wait in ep, and all eventfds are written to`)
      race(machine, (round) => {
        for (const thread of waiting) thread.start()
        // In every other round some of them are just going to sleep.
        if (round % 2 === 0) untilAsleep(waiting)
        for (const fd of fds) sys(machine.libc, 'write', fd, one.address, 8)
        const got = waiting.map((thread) => thread.end().got).toSorted()
        const expected = names.map((name) => `${name} IN`).toSorted()
        if (got.join() !== expected.join()) {
          throw new Failure(
            `one event for each thread: ${expected.join(', ')}`,
            `round ${round}: ${got.join(', ')}`,
          )
        }
        for (const fd of fds) sys(machine.libc, 'read', fd, one.address, 8)
        one.view.setBigUint64(0, 1n, true)
      })
    },
  }),
  epollCheck({
    id: 'epoll.wake.timeout-vs-event',
    statement:
      'An edge that comes just as a wait runs out of time is reported by that wait or by the next one; it is never lost.',
    kind: 'race',
    source: 'kernel selftest epoll_wakeup 61',
    threads: 1,
    run(machine) {
      machine.run(eventfd('e'), epoll('ep'), add('ep', 'e', 'IN|ET'))
      const { libc } = machine
      const [ep, e, event] = [machine.fd('ep'), machine.fd('e'), eventBuffer(1)]
      const [one, counter, pollfd] = [counterOf(1n), counterOf(0n), pollfdFor(machine, 'e')]
      machine.keep(one)
      const partner = new Partner(machine, 'writer', [
        { fn: 'poll', args: [NULL, 0, 2 * SHORT_MS], accept: [0] },
        { fn: 'write', args: [e, one.address, 8], accept: [8] },
      ])
      const seen = { inTime: 0, afterwards: 0 }
      const aim = new Aim(SHORT_MS * 1000)
      machine.begin(`epoll_wait(ep, 1, ${SHORT_MS} ms), and a thread writes to e as that ends`)
      race(machine, (round) => {
        if (round > 0) partner.again()
        aim.pass()
        const n = underTest(machine, 'epoll_wait', ep, event.address, 1, SHORT_MS)
        if (n === 1) {
          seen.inTime++
          aim.correct('late')
        } else {
          if (sys(libc, 'poll', pollfd.address, 1, WOKEN.timeoutMs) === 0) throw new Error('nobody writes')
          if (underTest(machine, 'epoll_wait', ep, event.address, 1, 0) === 0) {
            throw new Failure(
              'the next wait reports what came as the first ran out',
              `nothing, in round ${round}`,
            )
          }
          seen.afterwards++
          aim.correct('early')
        }
        sys(libc, 'read', e, counter.address, 8)
      })
      partner.stop()
      machine.note = `${machine.note}: ${seen.inTime} events came in time, ${seen.afterwards} after it`
    },
  }),
  epollCheck({
    id: 'epoll.wake.timeout-vs-event.other-waiter',
    statement:
      'An edge that comes just as one waiter runs out of time wakes it or another that sleeps on; it does not go with the one who leaves.',
    kind: 'race',
    source: 'kernel selftest epoll_wakeup 61',
    bugs: [
      'Linux before 5.10 (kernel selftest 61): the wake-up went to the waiter that had just timed out, and the other slept on',
    ],
    threads: 2,
    run(machine) {
      machine.run(eventfd('e'), epoll('ep'), add('ep', 'e', 'IN|ET'))
      const { libc } = machine
      const [e, one] = [machine.fd('e'), counterOf(1n)]
      const leaving = new RacingWaiter(machine, 'ep', SHORT_MS)
      const staying = new RacingWaiter(machine, 'ep', WOKEN.timeoutMs)
      const signal = (): void => {
        one.view.setBigUint64(0, 1n, true)
        sys(libc, 'write', e, one.address, 8)
      }
      let late = 0
      const aim = new Aim(SHORT_MS * 1000)
      machine.begin(
        `one thread waits ${SHORT_MS} ms in ep, another long, and e is written to as the first wait ends`,
      )
      race(machine, (round) => {
        staying.start()
        leaving.start()
        aim.pass()
        signal()
        const { got } = leaving.end()
        aim.correct(got === 'e IN' ? 'early' : 'late')
        if (got === 'e IN') signal()
        else late++
        if (got !== 'e IN' && got !== 'no event') throw new Failure('e IN, or no event', got)
        const other = staying.end().got
        if (other !== 'e IN') {
          throw new Failure(
            'the thread that still waits gets the edge',
            `${other}, in round ${round}, in which the other had ${got}`,
          )
        }
        sys(libc, 'read', e, one.address, 8)
      })
      machine.note = `${machine.note}, in ${late} of which the one who left had no event`
    },
  }),
  epollCheck({
    id: 'epoll.wake.no-spurious-zero',
    statement:
      'A wait that returns nothing has lasted its time, however often it was woken for what was gone when it looked.',
    kind: 'race',
    source: 'epoll_wait(2); apache/nuttx#10706; VPP-1453; elfuse#332',
    bugs: [
      'nuttx#10706: epoll_wait returned 0 before its time',
      'VPP-1453: epoll_wait returned 0 at once',
      'elfuse#332: a wake-up with nothing to report ended the wait',
    ],
    threads: 2,
    run(machine) {
      machine.run(eventfd('e'), epoll('ep'), add('ep', 'e', 'IN'))
      const [ep, e, event] = [machine.fd('ep'), machine.fd('e'), eventBuffer(1)]
      const [one, counter] = [counterOf(1n), counterOf(0n)]
      const unasked = encodeEvent(0, machine.labels.data('e'))
      const asked = encodeEvent(EPOLL.IN, machine.labels.data('e'))
      for (const memory of [one, counter, unasked, asked]) machine.keep(memory)
      const [writer, modifier] = [machine.acquireThread(), machine.acquireThread()]
      writer.post({
        calls: [
          { fn: 'write', args: [e, one.address, 8], accept: [8] },
          { fn: 'read', args: [e, counter.address, 8], accept: [8] },
        ],
        rounds: UNTIL_STOPPED,
      })
      modifier.post({
        calls: [unasked, asked].map((memory) => ({
          fn: 'epoll_ctl' as const,
          args: [ep, EPOLL_CTL.MOD, e, memory.address],
          accept: [0],
        })),
        rounds: UNTIL_STOPPED,
      })
      let empty = 0
      machine.begin(
        `epoll_wait(ep, 1, ${SHORT_MS} ms), while e is written to and read, and its entry modified`,
      )
      race(machine, (round) => {
        const start = process.hrtime.bigint()
        const n = underTest(machine, 'epoll_wait', ep, event.address, 1, SHORT_MS)
        const elapsedMs = Number(process.hrtime.bigint() - start) / 1e6
        if (n !== 0) return
        empty++
        if (elapsedMs < SHORT_MS) {
          throw new Failure(
            `a wait that returns 0 lasts at least ${SHORT_MS} ms`,
            `it lasted ${elapsedMs} ms, in round ${round}`,
          )
        }
      })
      for (const thread of [writer, modifier]) thread.stop()
      machine.note = `${machine.note}, in ${empty} of which the time ran out`
    },
  }),
]
