import { add, blocked, epoll, join, mod, pipe, thread, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { WOKEN } from '../../patience.ts'
import { release, waiters, woken } from '../../steps/waiters.ts'

const WAITERS = 8

export const threads: readonly Check[] = [
  epollCheck({
    id: 'epoll.oneshot.n-waiters',
    statement:
      'Of eight threads that wait in one epoll, exactly one gets what one write made ready; the others sleep on.',
    kind: 'thread',
    source: 'libkqueue; measured',
    differs: 'On a kqueue EV_DISPATCH is what makes one thread of many get an event.',
    threads: WAITERS,
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ONESHOT'),
      waiters('waiters', [{ ep: 'ep', count: WAITERS }]),
      write('w', 1),
      woken('waiters', { 'r IN': 1 }),
      release('waiters', WAITERS - 1),
    ],
  }),
  epollCheck({
    id: 'epoll.oneshot.rearm-wakes-blocked',
    statement: 'A MOD that re-arms what is ready wakes a thread that is blocked in epoll_wait.',
    kind: 'thread',
    source: 'polling concurrent_modification; measured',
    bugs: ['rust-lang/miri#4674: what is added or re-armed did not wake who waited'],
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
