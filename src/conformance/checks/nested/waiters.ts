import {
  add,
  blocked,
  closeAll,
  drain,
  epoll,
  join,
  pipe,
  read,
  sleep,
  socketpair,
  thread,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { WOKEN } from '../../patience.ts'
import type { Step } from '../../steps.ts'
import { release, waiters, woken } from '../../steps/waiters.ts'
import type { WaiterPlace } from '../../steps/waiters.ts'
import { diamond, nested } from './basics.ts'
import { chain } from './topology.ts'

const MODES = ['IN', 'IN|ET']

/**
 * How a thread sleeps at an epoll: in epoll_wait; in poll, and then takes an event that must be there; in poll, and
 * then takes an event if there is one. What must be there is given time, because until 2025 an epoll_wait of Linux
 * that does not wait could find nothing while another thread was just looking (see epoll.lt.no-false-negative).
 */
const inWait = (ep: string): WaiterPlace => ({ ep })
const inPoll = (ep: string): WaiterPlace => ({ ep, pollThenWaitMs: WOKEN.timeoutMs })
const inPollMaybe = (ep: string): WaiterPlace => ({ ep, pollThenWaitMs: 0 })

export const threads: readonly Check[] = [
  epollCheck({
    id: 'epoll.nest.two-waiters.lt',
    statement:
      'Two threads that wait in the outer epoll, or poll it, both wake if the inner one is in a level-triggered entry.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 25, 26, 29 and 30',
    threads: 2,
    steps: MODES.flatMap((inner) =>
      [inWait, inPoll].flatMap((second) => [
        ...nested(inner, 'IN'),
        waiters('w', [inWait('outer'), second('outer')]),
        write('b', 1),
        woken('w', { 'inner IN': 2 }),
        closeAll(),
      ]),
    ),
  }),
  epollCheck({
    id: 'epoll.nest.two-waiters.et',
    statement:
      'Of two threads that wait in the outer epoll, or poll it, one gets the event if the inner one is in an edge-triggered entry.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 27, 28, 31 and 32',
    threads: 2,
    steps: MODES.flatMap((inner) => [
      ...nested(inner, 'IN|ET'),
      waiters('w', [{ ep: 'outer', count: 2 }]),
      write('b', 1),
      woken('w', { 'inner IN': 1 }),
      release('w', 1),
      closeAll(),
      ...nested(inner, 'IN|ET'),
      waiters('w', [inWait('outer'), inPollMaybe('outer')]),
      write('b', 1),
      // Who polls may wake, and find that the event was taken.
      woken('w', { 'inner IN': 1, nothing: [0, 1] }, [1, 2]),
      release('w', [0, 1]),
      closeAll(),
    ]),
  }),
  epollCheck({
    id: 'epoll.nest.waiter-on-each-level.lt',
    statement:
      'A thread in the inner epoll and one in the outer one both wake for what is level-triggered in the inner one, waiting or polling.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 33, 35, 37, 39, 41, 43, 45 and 47',
    threads: 2,
    steps: eachLevel('IN', inPoll, [woken('w', { 'a IN': 1, 'inner IN': 1 })]),
  }),
  epollCheck({
    id: 'epoll.nest.waiter-on-each-level.et',
    statement:
      'A thread in the inner epoll always wakes for what is edge-triggered in it; one in the outer epoll may, or may find that it was taken.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 34, 36, 38, 40, 42, 44, 46 and 48',
    threads: 2,
    steps: eachLevel('IN|ET', inPollMaybe, [
      woken('w', { 'a IN': 1, 'inner IN': [0, 1], nothing: [0, 1] }, [1, 2]),
      release('w', [0, 1]),
    ]),
  }),
  epollCheck({
    id: 'epoll.nest.diamond.two-waiters',
    statement:
      'Of two epolls in a third, both becoming ready wakes two threads that wait in it, or poll it; edge-triggered, each gets another.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 53 to 58',
    threads: 2,
    steps: [
      [inWait('top'), inWait('top')],
      [inWait('top'), inPoll('top')],
      [inPoll('top'), inPoll('top')],
    ].flatMap((places) =>
      MODES.flatMap((outer) => [
        socketpair('a', 'b'),
        socketpair('c', 'd'),
        ...diamond('a', 'c', outer),
        waiters('w', places),
        write('b', 1),
        write('d', 1),
        outer === 'IN'
          ? woken('w', { 'left IN': [0, 2], 'right IN': [0, 2] }, 2)
          : woken('w', { 'left IN': 1, 'right IN': 1 }),
        closeAll(),
      ]),
    ),
  }),
  epollCheck({
    id: 'epoll.nest.diamond.one-fd-two-waiters',
    statement:
      'One write that makes two edge-triggered epolls in a third ready wakes two threads that wait in it, each with another; a third sleeps on.',
    kind: 'thread',
    source: 'measured',
    threads: 3,
    steps: [
      socketpair('a', 'b'),
      ...diamond('a', 'a', 'IN|ET'),
      waiters('w', [{ ep: 'top', count: 3 }]),
      write('b', 1),
      woken('w', { 'left IN': 1, 'right IN': 1 }),
      release('w', 1),
    ],
  }),
  epollCheck({
    id: 'epoll.nest.depth-report.blocked',
    statement:
      'A thread that sleeps in the last of a chain of five epolls is woken by what becomes ready in the first.',
    kind: 'thread',
    source: 'LTP epoll_wait09; epoll(7)',
    threads: 1,
    steps: [
      pipe('r', 'w'),
      ...chain('r', 5),
      thread('waiter', wait('ep5', { ep4: 'IN' }, WOKEN)),
      blocked('waiter'),
      write('w', 1),
      join('waiter'),
      wait('ep1', { r: 'IN' }),
      drain('r'),
      thread('waiter', wait('ep5', { ep4: 'IN' }, WOKEN)),
      blocked('waiter'),
      write('w', 1),
      join('waiter'),
    ],
  }),
  epollCheck({
    id: 'epoll.nest.stale-inner-waiter',
    statement:
      'Waits in the inner epoll that ended empty, before it was put into another, do not keep later wake-ups from the outer one.',
    kind: 'thread',
    source: 'StarryOS nested stale waiter (Weston and libinput)',
    bugs: [
      'tgoskits#2378: waiters that had timed out stayed registered, and took the wake-up of the outer epoll',
    ],
    threads: 1,
    steps: [
      pipe('r', 'w'),
      epoll('inner'),
      add('inner', 'r', 'IN'),
      ...[0, 0, 0, 2, 2].map((timeoutMs) => wait('inner', {}, { timeoutMs })),
      epoll('outer'),
      add('outer', 'inner', 'IN'),
      ...[1, 2].flatMap((): Step[] => [
        wait('inner', {}, { timeoutMs: 1 }),
        wait('outer', {}, { timeoutMs: 1 }),
        thread('waiter', wait('outer', { inner: 'IN' }, WOKEN)),
        blocked('waiter'),
        write('w', 1),
        join('waiter'),
        wait('inner', { r: 'IN' }),
        read('r', 1),
        sleep(1),
      ]),
      wait('outer', {}),
    ],
  }),
]

/** A thread on each level, sleeping either way, the outer entry either way: what wakes them, and then what comes of it. */
function eachLevel(inner: string, outerPoll: typeof inPoll, then: readonly Step[]): Step[] {
  return MODES.flatMap((outer) =>
    [inWait, inPoll].flatMap((onInner) =>
      [inWait, outerPoll].flatMap((onOuter) => [
        ...nested(inner, outer),
        // What lets them go is in the outer one alone: in the inner one it would be an event of the outer one too.
        waiters('w', [onInner('inner'), onOuter('outer')], { releaseIn: ['outer'] }),
        write('b', 1),
        ...then,
        closeAll(),
      ]),
    ),
  )
}
