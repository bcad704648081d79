/** A ring's own descriptor: as something to wait for, and what waits for it. */
import {
  add,
  blocked,
  counter,
  drain,
  epoll,
  eventfd,
  join,
  pipe,
  poll,
  thread,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import { ringUse } from '../../operations/rings.ts'
import { WOKEN } from '../../patience.ts'
import { message, nothingToDo, pollAdd, pollMulti, timeoutAfter } from '../../rings/requests.ts'
import { completions, enter, registerEventfd, setupRing, submit } from '../../steps/rings.ts'

const ring = setupRing('ring')

export const ringDescriptors: readonly Check[] = [
  ringCheck({
    id: 'iou.ring.pollable',
    statement:
      'A ring is readable while completions wait in it, writable while it takes requests, and silent when all are taken.',
    source: 'io_uring(7); axboe/liburing#146; axboe/liburing#1145',
    bugs: ['axboe/liburing#146: on Linux 5.7 a ring that was polled was never ready'],
    run(machine) {
      const asks = (is: string): void =>
        machine.run(
          poll({ ring: 'IN|OUT' }, { ring: is }),
          wait('ep', { ring: is }),
          wait('ep', { ring: is }),
        )
      machine.run(pipe('r', 'w'), setupRing('ring', { entries: 2 }), epoll('ep'), add('ep', 'ring', 'IN|OUT'))
      asks('OUT')
      machine.run(submit('ring', nothingToDo('a')))
      asks('IN|OUT')
      machine.run(completions('ring', { a: '0' }))
      asks('OUT')
      machine.run(submit('ring', pollAdd('p', 'r', 'IN')))
      asks('OUT')
      machine.run(write('w', 1))
      asks('IN|OUT')
      machine.run(completions('ring', { p: 'IN' }))
      asks('OUT')
      machine.begin('fill the ring with requests that are not submitted')
      const use = ringUse(machine, 'ring')
      use.push([nothingToDo('a'), nothingToDo('b')])
      use.ring.publish()
      machine.run(poll({ ring: 'IN|OUT' }, {}), wait('ep', {}))
      machine.begin('submit them')
      machine.expect(use.submit(), 2, 'io_uring_enter says that it took')
      asks('IN|OUT')
      machine.run(completions('ring', { a: '0', b: '0' }))
      asks('OUT')
    },
  }),
  ringCheck({
    id: 'iou.ring.self-poll',
    statement: 'A poll of a ring by itself neither hangs nor keeps the ring from working.',
    level: 'de-facto',
    source: 'liburing self',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollMulti('itself', 'ring', 'PRI')),
      submit('ring', nothingToDo('a')),
      completions('ring', { a: '0' }),
      submit('ring', pollAdd('p', 'r', 'IN')),
      write('w', 1),
      completions('ring', { p: 'IN' }),
    ],
  }),
  ringCheck({
    id: 'iou.ring.of-another',
    statement: 'A poll of another ring completes when that ring has a completion.',
    level: 'de-facto',
    source: 'io_uring(7)',
    steps: [
      ring,
      setupRing('other'),
      submit('ring', pollAdd('p', 'other', 'IN')),
      completions('ring', {}),
      submit('other', nothingToDo('a')),
      completions('ring', { p: 'IN' }),
      completions('other', { a: '0' }),
    ],
  }),
  ringCheck({
    id: 'iou.ring.registered-eventfd',
    statement: 'The eventfd of a ring is signalled for each completion.',
    source: 'io_uring_register(2), IORING_REGISTER_EVENTFD; liburing eventfd',
    bugs: ['axboe/liburing#146: on Linux 5.7 the eventfd of a ring was never signalled'],
    steps: [
      pipe('r', 'w'),
      eventfd('e'),
      ring,
      registerEventfd('ring', 'e'),
      submit('ring', nothingToDo('a')),
      counter('e', '1'),
      counter('e', 'EAGAIN'),
      submit('ring', pollMulti('p', 'r', 'IN')),
      counter('e', 'EAGAIN'),
      write('w', 1),
      counter('e', '1'),
      write('w', 1),
      counter('e', '1'),
      completions('ring', { a: '0', p: ['IN more', 'IN more'] }),
      counter('e', 'EAGAIN'),
    ],
  }),
  ringCheck({
    id: 'iou.ring.registered-eventfd.async',
    statement:
      'The eventfd of a ring that is for asynchronous completions alone is not signalled for what completes at once.',
    source: 'io_uring_register(2), IORING_REGISTER_EVENTFD_ASYNC',
    level: 'de-facto',
    steps: [
      pipe('r', 'w'),
      eventfd('e'),
      ring,
      registerEventfd('ring', 'e', 'async only'),
      submit('ring', nothingToDo('a')),
      completions('ring', { a: '0' }),
      counter('e', 'EAGAIN'),
    ],
  }),
  ringCheck({
    id: 'iou.ring.registered-eventfd.recursion',
    statement:
      'A multishot poll of the eventfd that its own completions signal ends, and does not go round for ever.',
    source: 'liburing poll-mshot-wake; io_uring/poll.c, EPOLL_URING_WAKE',
    run(machine) {
      machine.run(
        eventfd('e'),
        setupRing('ring', { entries: 4, completions: 64 }),
        registerEventfd('ring', 'e'),
      )
      machine.run(submit('ring', pollMulti('p', 'e', 'IN')))
      machine.run({ op: 'eventfd.write', fd: 'e', value: '1', expect: 8 })
      machine.begin('take what has come of it')
      const found = ringUse(machine, 'ring').collect()
      machine.expect(
        found.length > 0 && found.length < 8 ? 'few' : found.length,
        'few',
        'the completions are',
      )
      machine.run(drain('e'), submit('ring', nothingToDo('a')))
      machine.begin('take the completion of what follows')
      const last = ringUse(machine, 'ring')
        .collect()
        .filter(([label]) => label === 'a')
      machine.expect(last.length, 1, 'completions of a request that follows')
    },
  }),
  ...[
    {
      slug: 'nop',
      what: 'a request that completes at once',
      wake: [submit('ring', nothingToDo('a'))],
      is: { a: '0' },
    },
    { slug: 'poll', what: 'a poll that completes', wake: [write('w', 1)], is: { p: 'IN' } },
    {
      slug: 'timeout',
      what: 'a timeout that ends',
      wake: [submit('ring', timeoutAfter('t', 20))],
      is: { t: 'ETIME' },
    },
    {
      slug: 'message',
      what: 'a message of another ring',
      wake: [submit('other', message('send', 'ring', 'hello', 7))],
      is: { hello: '7' },
    },
  ].flatMap(({ slug, what, wake, is }) => {
    const before = [pipe('r', 'w'), ring, setupRing('other'), submit('ring', pollAdd('p', 'r', 'IN'))]
    return [
      ringCheck({
        id: `iou.epoll-on-ring.${slug}`,
        statement: `An epoll_wait that is blocked on a ring is woken by ${what}.`,
        kind: 'thread',
        source: 'io_uring(7); axboe/liburing#1145',
        bugs: ['axboe/liburing#1145: a ring in an epoll was never ready'],
        threads: 1,
        steps: [
          ...before,
          epoll('ep'),
          add('ep', 'ring', 'IN'),
          thread('waiter', wait('ep', { ring: 'IN' }, WOKEN)),
          blocked('waiter'),
          ...wake,
          join('waiter'),
          completions('ring', is),
          wait('ep', {}),
        ],
      }),
      ringCheck({
        id: `iou.enter.woken.${slug}`,
        statement: `A thread that is blocked in io_uring_enter is woken by ${what}.`,
        kind: 'thread',
        source: 'io_uring_enter(2), IORING_ENTER_GETEVENTS',
        threads: 1,
        steps: [
          ...before,
          thread('waiter', enter('ring', 1, WOKEN)),
          blocked('waiter'),
          ...wake,
          join('waiter'),
          completions('ring', is),
        ],
      }),
    ]
  }),
]
