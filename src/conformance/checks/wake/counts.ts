import { add, close, dup, epoll, eventfd, pipe, signal, socketpair, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { release, waiters, woken } from '../../steps/waiters.ts'

const WAITERS = 8

const instances = Array.from({ length: WAITERS }, (_, i) => `ep${i + 1}`)

/** Kernels from 5.5 to 5.13 did not report what is written to a pipe that holds something: sockets and eventfds here. */
export const counts: readonly Check[] = [
  epollCheck({
    id: 'epoll.wake.lt-herd',
    statement:
      'Level-triggered, one write that nobody reads wakes every one of eight threads that wait in one epoll.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 9 and 64; measured',
    why: 'A program that gives each thread its own work from one epoll relies on it: the thread that is not woken leaves its share undone.',
    bugs: ['kernel bug 208943: of two level-triggered waiters the second was never woken (Linux 5.3 to 5.6)'],
    differs:
      'Linux wakes all. On kqueue it is one a wake-up for EV_CLEAR and EV_DISPATCH. In Shadow only until the first thread has read.',
    threads: WAITERS,
    steps: [
      socketpair('a', 'b'),
      epoll('ep'),
      add('ep', 'a', 'IN'),
      waiters('w', [{ ep: 'ep', count: WAITERS }]),
      write('b', 1),
      woken('w', { 'a IN': WAITERS }),
      wait('ep', { a: 'IN' }),
      wait('ep', { a: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.wake.lt-herd.two-fds',
    statement:
      'Level-triggered, two descriptors that become ready wake both of two threads, with one event or both.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 11',
    threads: 2,
    steps: [
      socketpair('a', 'b'),
      socketpair('c', 'd'),
      epoll('ep'),
      add('ep', 'a', 'IN'),
      add('ep', 'c', 'IN'),
      waiters('w', [{ ep: 'ep', count: 2, max: 2 }]),
      write('b', 1),
      write('d', 1),
      woken('w', { 'a IN': [0, 2], 'c IN': [0, 2], 'a IN, c IN': [0, 2] }, 2),
      wait('ep', { a: 'IN', c: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.wake.et-one',
    statement:
      'Edge-triggered, one write wakes exactly one of eight threads that wait in one epoll; the other seven sleep on.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 10; Shadow threads-edge; measured',
    why: 'Servers whose threads share an edge-triggered epoll rely on it: two threads with the same event read the same connection at once.',
    threads: WAITERS,
    steps: [
      socketpair('a', 'b'),
      epoll('ep'),
      add('ep', 'a', 'IN|ET'),
      waiters('w', [{ ep: 'ep', count: WAITERS }]),
      write('b', 1),
      woken('w', { 'a IN': 1 }),
      release('w', WAITERS - 1),
    ],
  }),
  epollCheck({
    id: 'epoll.wake.et-two-fds-two-waiters',
    statement:
      'Edge-triggered, two descriptors that become ready wake two threads that take one event at a time: each gets another.',
    kind: 'thread',
    source: 'kernel selftest epoll_wakeup 12',
    bugs: ['rust-lang/miri#4692: two events woke one of two waiters'],
    threads: 3,
    steps: [
      socketpair('a', 'b'),
      socketpair('c', 'd'),
      epoll('ep'),
      add('ep', 'a', 'IN|ET'),
      add('ep', 'c', 'IN|ET'),
      waiters('w', [{ ep: 'ep', count: 3 }]),
      write('b', 1),
      write('d', 1),
      woken('w', { 'a IN': 1, 'c IN': 1 }),
      release('w', 1),
    ],
  }),
  epollCheck({
    id: 'epoll.wake.dup-two-waiters',
    statement:
      'A descriptor and its duplicate, both edge-triggered in one epoll, are two entries: one write wakes two threads, each with its own.',
    kind: 'thread',
    source: 'Miri issue 4692; measured',
    bugs: [
      'miri#4692: of two threads, one was woken, and the event of the duplicate waited for the next write',
    ],
    threads: 3,
    steps: [
      socketpair('a', 'b'),
      dup('a', 'copy'),
      epoll('ep'),
      add('ep', 'a', 'IN|ET'),
      add('ep', 'copy', 'IN|ET'),
      waiters('w', [{ ep: 'ep', count: 3 }]),
      write('b', 1),
      woken('w', { 'a IN': 1, 'copy IN': 1 }),
      release('w', 1),
    ],
  }),
  epollCheck({
    id: 'epoll.wake.et-threads-multi-write',
    statement:
      'Edge-triggered, each of two writes wakes one of three waiting threads, though nobody reads; the third sleeps on.',
    kind: 'thread',
    source: 'Shadow threads-multi-write',
    bugs: ['microsoft/WSL#2462: an eventfd that was not read was no event again'],
    threads: 3,
    steps: [
      socketpair('a', 'b'),
      epoll('ep1'),
      add('ep1', 'a', 'IN|ET'),
      waiters('w1', [{ ep: 'ep1', count: 3 }]),
      write('b', 1),
      woken('w1', { 'a IN': 1 }),
      write('b', 1),
      woken('w1', { 'a IN': 1 }),
      release('w1', 1),
      eventfd('e'),
      epoll('ep2'),
      add('ep2', 'e', 'IN|ET'),
      waiters('w2', [{ ep: 'ep2', count: 3 }]),
      signal('e'),
      woken('w2', { 'e IN': 1 }),
      signal('e'),
      woken('w2', { 'e IN': 1 }),
      release('w2', 1),
    ],
  }),
  ...(
    [
      ['lt', 'Level-triggered', 'IN', { r: 'IN' }],
      ['et', 'Edge-triggered', 'IN|ET', {}],
      ['oneshot', 'One-shot', 'IN|ONESHOT', {}],
    ] as const
  ).map(([mode, title, mask, again]) =>
    epollCheck({
      id: `epoll.wake.many-instances-lt-et.${mode}`,
      statement: `${title}, one write wakes the threads of all of eight epolls that watch the descriptor, each once.`,
      kind: 'thread',
      source: 'LTP epoll_wait15; measured',
      bugs: ['WASIX: the second epoll that watched a descriptor took the handler of the first over'],
      threads: WAITERS,
      descriptors: 16,
      steps: [
        pipe('r', 'w'),
        ...instances.flatMap((ep) => [epoll(ep), add(ep, 'r', mask)]),
        waiters(
          'w',
          instances.map((ep) => ({ ep })),
        ),
        write('w', 1),
        woken('w', { 'r IN': WAITERS }),
        ...instances.map((ep) => wait(ep, again)),
        close('w'),
        wait('ep1', mode === 'oneshot' ? {} : { r: 'IN|HUP' }),
      ],
    }),
  ),
]
