import { add, drain, epoll, poll, socketpair, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { WOKEN } from '../../patience.ts'
import { release, waiters, woken } from '../../steps/waiters.ts'

/** One thread sleeps in epoll_wait, the other in poll on the epoll's descriptor, after which it takes an event. */
const both = (pollThenWaitMs: number, max = 1) => [
  { ep: 'ep', max },
  { ep: 'ep', max, pollThenWaitMs },
]

export const pollers: readonly Check[] = [
  epollCheck({
    id: 'epoll.wake.poller-and-waiter.lt',
    statement:
      'Level-triggered, a write wakes both the thread in epoll_wait and the one that polls the epoll, and both take the event.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 13 and 15',
    threads: 2,
    steps: [
      socketpair('a', 'b'),
      socketpair('c', 'd'),
      epoll('ep'),
      add('ep', 'a', 'IN'),
      add('ep', 'c', 'IN'),
      waiters('w1', both(WOKEN.timeoutMs)),
      write('b', 1),
      woken('w1', { 'a IN': 2 }),
      drain('a'),
      waiters('w2', both(WOKEN.timeoutMs, 2)),
      write('b', 1),
      write('d', 1),
      woken('w2', { 'a IN': [0, 2], 'c IN': [0, 2], 'a IN, c IN': [0, 2] }, 2),
      poll({ ep: 'IN' }, { ep: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.wake.poller-and-waiter.et',
    statement:
      'Edge-triggered, a write gives its event to one of both, the thread in epoll_wait or the one that polls the epoll.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 14',
    threads: 2,
    steps: [
      socketpair('a', 'b'),
      epoll('ep'),
      add('ep', 'a', 'IN|ET'),
      waiters('w', both(0)),
      write('b', 1),
      // The poller may be woken, and find that the event was taken; or be too late to see anything.
      woken('w', { 'a IN': 1, nothing: [0, 1] }, [1, 2]),
      release('w', [0, 1]),
      wait('ep', { 'release of w': 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.wake.poller-and-waiter.two-fds',
    statement:
      'Edge-triggered, two descriptors that become ready serve both, the thread in epoll_wait and the one that polls the epoll.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 16',
    threads: 2,
    steps: [
      socketpair('a', 'b'),
      socketpair('c', 'd'),
      epoll('ep'),
      add('ep', 'a', 'IN|ET'),
      add('ep', 'c', 'IN|ET'),
      waiters('w', both(WOKEN.timeoutMs)),
      write('b', 1),
      write('d', 1),
      woken('w', { 'a IN': 1, 'c IN': 1 }),
      wait('ep', {}),
      poll({ ep: 'IN' }, {}),
    ],
  }),
]
