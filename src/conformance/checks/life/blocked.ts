import {
  add,
  blocked,
  close,
  epoll,
  eventfd,
  join,
  pipe,
  poll,
  signal,
  sleep,
  thread,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { WOKEN } from '../../patience.ts'
import { replace } from './reopen.ts'

/** Who finds out about a close by looking now and then, as some libraries do, looks within this time. */
const settle = sleep(20)

/** What a thread that is waiting learns of a close by another: nothing. */
export const blockedWaits: readonly Check[] = [
  epollCheck({
    id: 'life.close-while-blocked-no-wake',
    statement:
      'Closing a descriptor does not wake who waits for it: the wait goes on, and returns what happens next.',
    level: 'de-facto',
    kind: 'thread',
    source: 'epoll(7), select(2) notes; Miri',
    threads: 1,
    steps: [
      pipe('f', 'w'),
      eventfd('other'),
      epoll('ep'),
      add('ep', 'f', 'IN'),
      add('ep', 'other', 'IN'),
      thread('waiter', wait('ep', { other: 'IN' }, WOKEN)),
      blocked('waiter'),
      close('f'),
      write('w', 1, 'EPIPE'),
      settle,
      blocked('waiter'),
      signal('other'),
      join('waiter'),
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
    threads: 1,
    steps: [
      pipe('f', 'w'),
      epoll('ep'),
      add('ep', 'f', 'IN'),
      thread('waiter', wait('ep', { f: 'IN' }, WOKEN)),
      blocked('waiter'),
      close('ep'),
      settle,
      blocked('waiter'),
      write('w', 1),
      join('waiter'),
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
      eventfd('other'),
      thread('closed', poll({ f: 'IN' }, { f: 'NVAL' }, WOKEN.timeoutMs)),
      thread('replaced', poll({ g: 'IN', other: 'IN' }, { other: 'IN' }, WOKEN.timeoutMs)),
      blocked('closed'),
      blocked('replaced'),
      close('f'),
      replace('g', 'quiet'),
      settle,
      blocked('closed'),
      write('w', 1),
      join('closed'),
      write('v', 1),
      blocked('replaced'),
      signal('other'),
      join('replaced'),
    ],
  },
]
