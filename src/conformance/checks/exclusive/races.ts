import { EFD } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { add, epoll, eventfd } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { counterOf, eventBuffer, pollfdFor } from '../../operations/events.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import { Aim } from '../../threads/aim.ts'
import { dawdle, race } from '../../threads/race.ts'
import { RacingWaiter } from '../../threads/racing-waiter.ts'

const CONSUMERS = 4

/** A token that lies there for so long, while threads wait for it, has woken nobody. */
const LOST_MS = 2000

/** What the wait of a thread that leaves lasts. */
const SHORT_MS = 1

export const races: readonly Check[] = [
  epollCheck({
    id: 'epoll.excl.no-lost-wake',
    statement: `Of tokens that are written while ${CONSUMERS} exclusive waiters come and go, every one is taken.`,
    kind: 'race',
    source: 'LTP epoll_wait16',
    threads: CONSUMERS,
    run(machine) {
      const taken = consume(machine, (round) => 1 + (round % 5))
      machine.note = `${machine.note}, ${taken.reduce((sum, n) => sum + n, 0)} tokens`
    },
  }),
  epollCheck({
    id: 'epoll.excl.no-lost-wake.leaving',
    statement:
      'A token that is written just as an exclusive waiter runs out of time is taken by it, or by another that waits on.',
    kind: 'race',
    source: 'kernel selftest epoll_wakeup 61; epoll_ctl(2)',
    why: 'The wake-up has one addressee. If that one is just leaving, and nobody passes it on, a connection waits though there are workers.',
    threads: 2,
    run(machine) {
      const { libc } = machine
      machine.run(
        eventfd('tokens', 0, EFD.NONBLOCK | EFD.SEMAPHORE),
        ...['first', 'second'].flatMap((ep) => [epoll(ep), add(ep, 'tokens', 'IN|EXCLUSIVE')]),
      )
      const [tokens, one, counter] = [machine.fd('tokens'), counterOf(1n), counterOf(0n)]
      machine.keep(counter)
      const take = [{ fn: 'read', args: [tokens, counter.address, 8] }] as const
      const leaving = new RacingWaiter(machine, 'first', SHORT_MS, take)
      const staying = new RacingWaiter(machine, 'second', WOKEN.timeoutMs, take)
      let left = 0
      const aim = new Aim(SHORT_MS * 1000)
      machine.begin(`one thread waits ${SHORT_MS} ms, another long, and a token comes as the first wait ends`)
      race(machine, (round) => {
        leaving.start()
        staying.start()
        aim.pass()
        sys(libc, 'write', tokens, one.address, 8)
        const first = leaving.end()
        const took = first.calls.succeeded[1] === 1
        aim.correct(took ? 'early' : 'late')
        if (took) sys(libc, 'write', tokens, one.address, 8)
        else left++
        const second = staying.end()
        if (second.got !== 'tokens IN') {
          throw new Failure(
            'the thread that still waits gets the token',
            `${second.got}, in round ${round}, in which the other had ${first.got}`,
          )
        }
        // Both may have been told of the first token.
        while (libc.fn.read(tokens, counter.address, 8) === 8);
      })
      machine.note = `${machine.note}, in ${left} of which the one who left had nothing`
    },
  }),
  epollCheck({
    id: 'epoll.excl.fairness',
    statement: `How tokens that come one by one are shared out among ${CONSUMERS} exclusive waiters is told, and not judged.`,
    level: 'quirk',
    kind: 'race',
    source: 'puma/puma#3934; the Cloudflare note on EPOLLEXCLUSIVE',
    differs: 'Linux wakes whoever was added first and sleeps, so that one may get nearly all.',
    threads: CONSUMERS,
    run(machine) {
      const taken = consume(machine, () => 1, 100)
      machine.note = `${machine.note}; tokens of each: ${taken.join(', ')}`
    },
  }),
]

/**
 * Writes tokens in bursts to threads that wait, each in an epoll of its own, and sees every burst taken before the
 * next. Returns how many each of them took.
 */
function consume(machine: Machine, burst: (round: number) => number, mostMs?: number): number[] {
  const { libc } = machine
  const names = Array.from({ length: CONSUMERS }, (_, i) => `ep${i + 1}`)
  machine.run(
    eventfd('tokens', 0, EFD.NONBLOCK | EFD.SEMAPHORE),
    eventfd('stop'),
    ...names.flatMap((ep) => [epoll(ep), add(ep, 'tokens', 'IN|EXCLUSIVE'), add(ep, 'stop', 'IN')]),
  )
  const [tokens, one, pollfd] = [machine.fd('tokens'), counterOf(1n), pollfdFor(machine, 'tokens')]
  const threads = names.map((ep) => {
    const [event, counter, thread] = [eventBuffer(1), counterOf(0n), machine.acquireThread()]
    machine.keep(event)
    machine.keep(counter)
    const wait = [machine.fd(ep), event.address, 1, WOKEN.timeoutMs]
    thread.post({
      calls: [
        { fn: 'epoll_wait', args: wait, accept: [1] },
        { fn: 'read', args: [tokens, counter.address, 8] },
      ],
      rounds: UNTIL_STOPPED,
    })
    return thread
  })
  let written = 0
  machine.begin(`write tokens to ${CONSUMERS} threads that wait with EPOLLEXCLUSIVE`)
  race(
    machine,
    (round) => {
      for (let left = burst(round); left > 0; left--) {
        sys(libc, 'write', tokens, one.address, 8)
        written++
      }
      const end = performance.now() + LOST_MS
      while (sys(libc, 'poll', pollfd.address, 1, 0) === 1) {
        if (performance.now() > end)
          throw new Failure('every token is taken', `one lies there after round ${round}`)
      }
      dawdle(machine, round)
    },
    mostMs,
  )
  for (const thread of threads) thread.stop()
  sys(libc, 'write', machine.fd('stop'), one.address, 8)
  const taken = threads.map((thread) => {
    const result = thread.join(LONGEST_WAIT_MS)
    if (result === undefined) throw new Failure('every wait returns', 'a thread is still in its call')
    if (result.rejected) throw new Failure('every wait has an event', `epoll_wait gave ${result.result}`)
    return result.succeeded[1] ?? 0
  })
  machine.expect(
    taken.reduce((sum, n) => sum + n, 0),
    written,
    'tokens taken',
  )
  return taken
}
