import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import {
  accept,
  add,
  blocked,
  call,
  close,
  connect,
  epoll,
  join,
  listener,
  pipe,
  shutdown,
  socket,
  socketpair,
  thread,
  wait,
  write,
} from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import { UNTIL_STOPPED } from '../../threads/job.ts'
import { sleepSync } from '../../../sleep.ts'

/** The race lasts a time and not a number of rounds, so that it ends as soon where a call takes a hundred times longer. */
const RACE_MS = 250
const RACING_THREADS = 8

export const threads: readonly Check[] = [
  epollCheck({
    id: 'epoll.lt.hup-only-poller-blocked',
    statement:
      'A waiter that is blocked with an empty mask, or RDHUP alone, is woken by a close or a shutdown of the peer.',
    kind: 'thread',
    source: 'gVisor socket tests; rdar 37537852; measured',
    bugs: ['microsoft/WSL#271: hang-ups were not reported'],
    threads: 3,
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      socketpair('c', 'd'),
      epoll('ep1'),
      epoll('ep2'),
      epoll('ep3'),
      add('ep1', 'r', '0'),
      add('ep2', 'a', 'RDHUP'),
      add('ep3', 'c', '0'),
      thread('t1', wait('ep1', { r: 'HUP' }, WOKEN)),
      thread('t2', wait('ep2', { a: 'RDHUP' }, WOKEN)),
      thread('t3', wait('ep3', { c: 'HUP' }, WOKEN)),
      blocked('t1'),
      blocked('t2'),
      blocked('t3'),
      close('w'),
      join('t1'),
      shutdown('b', 'WR'),
      join('t2'),
      close('d'),
      join('t3'),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.consumed-by-other',
    statement:
      'When another consumer takes the only connection, a second epoll has nothing to report, and accept gives EAGAIN.',
    kind: 'thread',
    source: 'libuv; gVisor',
    threads: 1,
    steps: [
      listener('l', 'unix'),
      socket('c', 'unix'),
      epoll('ep1'),
      epoll('ep2'),
      add('ep1', 'l', 'IN'),
      add('ep2', 'l', 'IN'),
      thread('waiter', wait('ep1', { l: 'IN' }, WOKEN)),
      blocked('waiter'),
      connect('c', 'l'),
      join('waiter'),
      accept('s', 'l'),
      wait('ep2', {}),
      call('accept4', ['$l', 0, 0, 0], 'EAGAIN'),
      wait('ep1', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.no-false-negative',
    statement:
      'On a descriptor that stays ready, no epoll_wait with timeout 0 ever returns 0, however many threads ask.',
    kind: 'race',
    source: 'kernel selftest epoll_wakeup 65 (fixed in 2025)',
    bugs: [
      'kernel selftest epoll_wakeup 65 (Nam Cao, 2025): epoll_wait with timeout 0 returned 0 on a descriptor that was always ready',
      'golang/go#42515: the scan of a NetBSD kqueue missed events',
    ],
    differs: 'Linux before late 2025 fails this with enough threads; the fix is in later kernels.',
    threads: RACING_THREADS,
    run(machine) {
      machine.run(pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN'), write('w', 1))
      machine.begin(`${RACING_THREADS} threads call epoll_wait(ep, 1, 0 ms) for ${RACE_MS} ms`)
      const waiters = Array.from({ length: RACING_THREADS }, () => machine.acquireThread())
      for (const waiter of waiters) {
        const buffer = new Memory(layouts.epoll_event.size, { shared: true })
        machine.keep(buffer)
        const args = [machine.fd('ep'), buffer.address, 1, 0]
        waiter.post({ calls: [{ fn: 'epoll_wait', args, accept: [1] }], rounds: UNTIL_STOPPED })
      }
      sleepSync(RACE_MS)
      for (const waiter of waiters) waiter.stop()
      const results = waiters.map((waiter) => waiter.join(LONGEST_WAIT_MS))
      for (const result of results) {
        if (result === undefined) throw new Failure('every wait returns', 'a wait with timeout 0 did not')
        machine.expect(Math.min(result.rounds, 1), 1, 'rounds of a thread, at the least')
        if (result.rejected) {
          throw new Failure(
            'epoll_wait gives 1',
            `epoll_wait gives ${result.result} in round ${result.rounds}`,
          )
        }
      }
      machine.note = `${results.reduce((sum, result) => sum + (result?.rounds ?? 0), 0)} waits, none empty`
    },
  }),
]
