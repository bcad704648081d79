import { errnoName } from '../../../libc/libc.ts'
import {
  add,
  blocked,
  epoll,
  eventfd,
  join,
  mod,
  pipe,
  signal,
  sleep,
  thread,
  wait,
  write,
} from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { decodeEvents, eventBuffer } from '../../operations/events.ts'
import type { ReportedEvent } from '../../operations/events.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'

const WAITERS = 8

export const threads: readonly Check[] = [
  epollCheck({
    id: 'epoll.oneshot.n-waiters',
    statement: 'Of eight threads that wait in one epoll, exactly one gets what one write made ready.',
    kind: 'thread',
    source: 'libkqueue; measured',
    threads: WAITERS,
    run(machine) {
      machine.run(
        pipe('r', 'w'),
        eventfd('release'),
        epoll('ep'),
        add('ep', 'r', 'IN|ONESHOT'),
        add('ep', 'release', 'IN'),
      )
      machine.begin(`${WAITERS} threads call epoll_wait(ep, 1, ${WOKEN.timeoutMs} ms)`)
      const waiters = Array.from({ length: WAITERS }, () => startWaiter(machine))
      for (const { thread: waiter } of waiters) {
        if (!waiter.waitUntilBlocked()) throw new Failure('every waiter blocks', 'one returned at once')
      }
      // Those that the write does not wake are woken by something that stays ready.
      machine.run(write('w', 1), sleep(50), signal('release'))
      machine.begin('join the waiters')
      const events = waiters.flatMap(({ result }) => result())
      machine.expect(events.filter(([label]) => label === 'r').length, 1, 'waiters that got the event')
    },
  }),
  epollCheck({
    id: 'epoll.oneshot.rearm-wakes-blocked',
    statement: 'A MOD that re-arms what is ready wakes a thread that is blocked in epoll_wait.',
    kind: 'thread',
    source: 'polling concurrent_modification; measured',
    threads: 1,
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ONESHOT'),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      thread('waiter', wait('ep', { 're-armed': 'IN' }, WOKEN)),
      blocked('waiter'),
      mod('ep', 'r', 'IN|ONESHOT', { label: 're-armed' }),
      join('waiter'),
      wait('ep', {}),
    ],
  }),
]

/** A thread that waits for one event, and what it got. */
function startWaiter(machine: Machine): { thread: WaiterThread; result: () => ReportedEvent[] } {
  const buffer = eventBuffer(1)
  machine.keep(buffer)
  const waiter = machine.acquireThread()
  const args = [machine.fd('ep'), buffer.address, 1, WOKEN.timeoutMs]
  waiter.post({ calls: [{ fn: 'epoll_wait', args }], rounds: 1 })
  const result = (): ReportedEvent[] => {
    const ended = waiter.join(LONGEST_WAIT_MS)
    if (ended === undefined) throw new Failure('every wait returns', 'a wait did not return')
    if (ended.result === -1) throw new Failure('every wait succeeds', `a wait gave ${errnoName(ended.errno)}`)
    return decodeEvents(machine, buffer, ended.result)
  }
  return { thread: waiter, result }
}
