import { add, del, drain, epoll, fill, pipe, read, socketpair, tcp, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { waitForEvents } from '../../operations/calls.ts'
import { expectEvents } from '../../operations/native.ts'
import { ARRIVAL } from '../../patience.ts'
import { streams } from './channels.ts'

export const basics: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.once',
    statement: 'A write is reported once, although its data stays unread.',
    source: 'kernel selftest epoll_wakeup 2; F-Stack#115 (was level-triggered); measured',
    bugs: ['F-Stack/f-stack#115: an edge-triggered entry was reported again and again'],
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      wait('ep', {}),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      wait('ep', {}),
      wait('ep', {}, { timeoutMs: 10 }),
      read('r', 1),
    ],
  }),
  epollCheck({
    id: 'epoll.et.two-fds',
    statement: 'Two ready descriptors are both reported by one wait, and by no other.',
    source: 'kernel selftest epoll_wakeup 4',
    bugs: ['rust-lang/miri#3812: events were lost'],
    steps: [
      pipe('r1', 'w1'),
      pipe('r2', 'w2'),
      epoll('ep'),
      add('ep', 'r1', 'IN|ET'),
      add('ep', 'r2', 'IN|ET'),
      write('w1', 1),
      write('w2', 1),
      wait('ep', { r1: 'IN', r2: 'IN' }),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.two-instances',
    statement: 'Each of two epolls reports every edge of a descriptor, whichever is asked first.',
    source: 'epoll(7); LTP epoll_wait15',
    steps: [
      pipe('r', 'w'),
      epoll('ep1'),
      epoll('ep2'),
      add('ep1', 'r', 'IN|ET'),
      add('ep2', 'r', 'IN|ET'),
      ...[
        ['ep1', 'ep2'],
        ['ep2', 'ep1'],
      ].flatMap(([first = '', second = '']) => [
        write('w', 1),
        wait(first, { r: 'IN' }),
        wait(second, { r: 'IN' }),
        wait(first, {}),
        wait(second, {}),
        drain('r'),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.et.initial-edge',
    statement:
      'What is ready when it is added is reported once, and once again when it is removed and added anew.',
    source: 'StarryOS test5; epoll-shim; measured',
    bugs: ['F-Stack/f-stack#351: what came before ADD was lost'],
    steps: [
      pipe('r', 'w'),
      write('w', 1),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      wait('ep', { r: 'IN' }),
      wait('ep', {}),
      del('ep', 'r'),
      wait('ep', {}),
      add('ep', 'r', 'IN|ET', { label: 'r again' }),
      wait('ep', { 'r again': 'IN' }),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.rearm-after-drain',
    statement: 'After everything was read, up to EAGAIN, new data is a new event.',
    source: 'LTP; microsoft/WSL#2462; epoll(7)',
    bugs: [
      'cloudius-systems/osv#971: Go lost the second event',
      'microsoft/WSL#8923: events for data on unix sockets were lost',
      'DragonOS#723: no wake',
    ],
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      ...[1, 5000].flatMap((bytes) => [
        write('w', bytes),
        wait('ep', { r: 'IN' }),
        drain('r'),
        read('r', 1, 'EAGAIN'),
        wait('ep', {}),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.et.no-event-on-partial-read',
    statement: 'Reading a part of the data is no event, on a pipe, a unix socket or a TCP socket.',
    source: 'Shadow write-then-partial-read; Miri; LTP epoll_wait06; measured',
    steps: [
      epoll('ep'),
      ...streams.flatMap(({ to, from, open, arrival }) => [
        open,
        add('ep', to, 'IN|ET'),
        write(from, 10),
        wait('ep', { [to]: 'IN' }, arrival),
        read(to, 4),
        wait('ep', {}),
        read(to, 5),
        wait('ep', {}),
        read(to, 1),
        wait('ep', {}),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.et.write-then-drain',
    statement: 'Data that came and was read before the wait is not reported.',
    level: 'de-facto',
    source: 'Miri issue 4374; measured',
    bugs: [
      'rust-lang/miri#4374: stale readiness',
      'axboe/liburing#849: a completion for data that was read already',
    ],
    differs:
      'epoll drops an event that is not true any more, kqueue runs its filter again; a completion of io_uring stays.',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      write('w', 1),
      drain('r'),
      wait('ep', {}),
      write('w', 1),
      wait('ep', { r: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.et.no-event-on-becoming-unready',
    statement:
      'Losing readiness is no event: neither a reader that was drained, nor a writer that was filled.',
    source: 'Miri; epoll(7)',
    bugs: ['rcore-os/tgoskits#910, #696: phantom events'],
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      add('ep', 'a', 'IN|OUT|ET'),
      write('w', 10),
      write('b', 10),
      wait('ep', { r: 'IN', a: 'IN|OUT' }),
      drain('r'),
      drain('a'),
      wait('ep', {}),
      fill('a'),
      wait('ep', {}),
      wait('ep', {}, { timeoutMs: 10 }),
    ],
  }),
  epollCheck({
    id: 'epoll.et.revents-is-level',
    statement:
      'An event carries all that is true at the time of the wait, and not only the bit that caused it.',
    source: 'Miri; measured',
    differs:
      'epoll tells all that is true when it is waited for. A multishot poll of io_uring tells only what woke it, a kqueue each filter by itself.',
    steps: [
      epoll('ep'),
      socketpair('a', 'b'),
      add('ep', 'a', 'IN|OUT|ET'),
      wait('ep', { a: 'OUT' }),
      write('b', 1),
      wait('ep', { a: 'IN|OUT' }),
      tcp('c', 's'),
      add('ep', 's', 'IN|OUT|ET'),
      wait('ep', { s: 'OUT' }),
      write('c', 1),
      wait('ep', { s: 'IN|OUT' }, ARRIVAL),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.maxevents-carryover',
    statement:
      'With room for one event, two ready descriptors are reported by two waits, each once, and then no more.',
    source: 'Miri lost_events; unikraft#1297 (the second was lost)',
    bugs: [
      'unikraft/unikraft#1297: edges were lost where fewer events were asked for than were ready',
      'rust-lang/miri#3812: events were lost',
      'mheily/libkqueue#89: the second filter of a descriptor was lost with a short list',
    ],
    run(machine) {
      machine.run(
        pipe('r1', 'w1'),
        pipe('r2', 'w2'),
        epoll('ep'),
        add('ep', 'r1', 'IN|ET'),
        add('ep', 'r2', 'IN|ET'),
        write('w1', 1),
        write('w2', 1),
      )
      machine.begin('epoll_wait(ep, 1, 0 ms) twice')
      // Which of them comes first is not promised.
      const reported = [1, 2].flatMap(() => waitForEvents(machine, 'ep', 1, 0))
      expectEvents(reported, [
        ['r1', 'IN'],
        ['r2', 'IN'],
      ])
      machine.run(wait('ep', {}))
    },
  }),
  epollCheck({
    id: 'epoll.et.data-after-short-read',
    statement:
      'A read that got less than it asked for is enough: new data is an event, though EAGAIN was not seen.',
    source: 'Miri readiness_after_short_read; epoll(7)',
    steps: [
      epoll('ep'),
      ...streams.flatMap(({ to, from, open, arrival }) => [
        open,
        add('ep', to, 'IN|ET'),
        write(from, 4),
        wait('ep', { [to]: 'IN' }, arrival),
        read(to, 16, 4),
        write(from, 4),
        wait('ep', { [to]: 'IN' }, arrival),
      ]),
    ],
  }),
]
