import {
  add,
  blocked,
  close,
  closeAll,
  epoll,
  eventfd,
  join,
  pipe,
  poll,
  signal,
  thread,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { WOKEN } from '../../patience.ts'
import { replace } from './reopen.ts'

/** How long a waiter that nothing must wake waits. */
const NOT_WOKEN = { timeoutMs: 25 } as const

/** What a thread that is waiting learns of a close by another: nothing. */
export const blockedWaits: readonly Check[] = [
  epollCheck({
    id: 'life.close-while-blocked-no-wake',
    statement:
      'Closing a descriptor does not wake who waits for it: the wait goes on, until another event or its time is over.',
    level: 'de-facto',
    kind: 'thread',
    source: 'epoll(7), select(2) notes; Miri',
    threads: 2,
    steps: [
      pipe('f', 'w'),
      eventfd('other'),
      epoll('ep'),
      epoll('ep2'),
      add('ep', 'f', 'IN'),
      add('ep2', 'f', 'IN'),
      add('ep2', 'other', 'IN'),
      thread('t1', wait('ep', {}, NOT_WOKEN)),
      thread('t2', wait('ep2', { other: 'IN' }, WOKEN)),
      blocked('t1'),
      blocked('t2'),
      close('f'),
      join('t1'),
      blocked('t2'),
      signal('other'),
      join('t2'),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'life.close-epfd-while-blocked',
    statement:
      'Closing the epoll descriptor does not wake who waits on it: the wait goes on, and returns the next event.',
    level: 'de-facto',
    kind: 'thread',
    source: 'Miri waiting_threads_unblocked_after_epoll_close; libkqueue; measured',
    differs: 'With kqueue, macOS and libkqueue return EBADF; FreeBSD and DragonFly stay blocked.',
    threads: 2,
    steps: [
      pipe('f', 'w'),
      eventfd('e'),
      epoll('ep'),
      epoll('quiet'),
      add('ep', 'f', 'IN'),
      add('quiet', 'e', 'IN'),
      thread('t1', wait('ep', { f: 'IN' }, WOKEN)),
      thread('t2', wait('quiet', {}, NOT_WOKEN)),
      blocked('t1'),
      blocked('t2'),
      close('ep'),
      close('quiet'),
      join('t2'),
      blocked('t1'),
      write('w', 1),
      join('t1'),
      closeAll(),
    ],
  }),
  {
    id: 'life.poll-close-while-blocked',
    statement:
      'poll(2) goes on waiting for the file behind a number that another thread closes, and tells NVAL when that becomes ready; where dup2 put another file there, it goes on waiting.',
    level: 'quirk',
    kind: 'thread',
    source: 'fish-shell/fish-shell#11976; measured',
    differs: 'macOS gives EBADF after dup2; Cygwin returned 1 early.',
    backends: ['poll'],
    threads: 2,
    steps: [
      pipe('f', 'w'),
      pipe('g', 'v'),
      eventfd('quiet'),
      thread('t1', poll({ f: 'IN' }, { f: 'NVAL' }, WOKEN.timeoutMs)),
      thread('t2', poll({ g: 'IN' }, {}, 2 * NOT_WOKEN.timeoutMs)),
      blocked('t1'),
      blocked('t2'),
      close('f'),
      replace('g', 'quiet'),
      blocked('t1'),
      blocked('t2'),
      write('w', 1),
      join('t1'),
      write('v', 1),
      join('t2'),
    ],
  },
]
