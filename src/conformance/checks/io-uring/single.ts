/** Polls that complete once. */
import { O } from '../../../libc/constants/linux.ts'
import {
  close,
  drain,
  eventfd,
  pipe,
  read,
  reset,
  sendOob,
  settle,
  signal,
  socketpair,
  tcp,
  write,
} from '../../build.ts'
import { pollAdd } from '../../rings/requests.ts'
import { settleReady } from '../../steps/sources.ts'
import { directory, open } from '../../steps/files.ts'
import { completions, setupRing, submit } from '../../steps/rings.ts'
import type { RingScenario } from './scenario.ts'

const ring = setupRing('ring')

export const single: readonly RingScenario[] = [
  {
    id: 'iou.poll.ready-now',
    statement:
      'A poll of what is ready completes at once, with the bits that are true, and with no more to come.',
    source: 'io_uring_enter(2), IORING_OP_POLL_ADD; liburing poll',
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      eventfd('e', 1),
      ring,
      write('w', 1),
      write('b', 1),
      submit('ring', pollAdd('p', 'r', 'IN')),
      completions('ring', { p: 'IN' }),
      // It is gone: nothing more comes of it, whatever happens.
      write('w', 1),
      completions('ring', {}),
      submit(
        'ring',
        pollAdd('in or out', 'a', 'IN|OUT'),
        pollAdd('out', 'a', 'OUT'),
        pollAdd('counter', 'e', 'IN|OUT|PRI'),
        pollAdd('space', 'w', 'OUT'),
      ),
      completions('ring', { 'in or out': 'IN|OUT', out: 'OUT', counter: 'IN|OUT', space: 'OUT' }),
    ],
  },
  {
    id: 'iou.poll.later',
    statement: 'A poll completes when its descriptor becomes ready and not before, once, and never again.',
    source: 'io_uring_enter(2), IORING_OP_POLL_ADD; liburing poll',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollAdd('p', 'r', 'IN')),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { p: 'IN' }),
      write('w', 1),
      completions('ring', {}),
      drain('r'),
      write('w', 1),
      completions('ring', {}),
      // A request of the same name is another one.
      submit('ring', pollAdd('p', 'r', 'IN')),
      completions('ring', { p: 'IN' }),
      drain('r'),
      submit('ring', pollAdd('p', 'r', 'IN')),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { p: 'IN' }),
    ],
  },
  {
    id: 'iou.poll.mask-zero-hup',
    statement: 'A poll for nothing completes with HUP or ERR, and with nothing else.',
    source: 'poll(2); measured',
    why: 'Whoever waits for nothing but the end of a connection waits for ever where it is not told of that.',
    steps: [
      pipe('r1', 'w1'),
      pipe('r2', 'w2'),
      ring,
      submit('ring', pollAdd('reader', 'r1', '0'), pollAdd('writer', 'w2', '0')),
      write('w1', 1),
      completions('ring', {}),
      drain('r1'),
      close('w1'),
      completions('ring', { reader: 'HUP' }),
      close('r2'),
      completions('ring', { writer: 'ERR' }),
      submit('ring', pollAdd('late reader', 'r1', '0'), pollAdd('late writer', 'w2', '0')),
      completions('ring', { 'late reader': 'HUP', 'late writer': 'ERR' }),
    ],
  },
  {
    id: 'iou.poll.implicit-rdhup',
    statement:
      'RDHUP completes a poll that has not asked for it: the end of what the peer sends is IN and RDHUP.',
    level: 'quirk',
    source: 'measured (Linux 6.18); io_uring/poll.c, which adds EPOLLRDHUP to ERR and HUP',
    differs: 'epoll reports RDHUP only if asked, kqueue EV_EOF always.',
    steps: [
      tcp('c', 's'),
      socketpair('a', 'b'),
      ring,
      submit('ring', pollAdd('tcp', 's', 'IN'), pollAdd('unix', 'a', '0')),
      completions('ring', {}),
      { op: 'shutdown', fd: 'c', how: 'WR' },
      { op: 'shutdown', fd: 'b', how: 'WR' },
      completions('ring', { tcp: 'IN|RDHUP', unix: 'RDHUP' }),
    ],
  },
  {
    id: 'iou.poll.regular',
    statement: 'A regular file and the null device are ready at once for what is asked of IN and OUT.',
    level: 'de-facto',
    source: 'measured (Linux 6.18)',
    differs: 'epoll refuses such files with EPERM; poll and select find them ready.',
    steps: [
      directory('d'),
      open('file', '@d/file', O.RDWR | O.CREAT),
      open('null', '/dev/null', O.RDWR),
      ring,
      submit(
        'ring',
        pollAdd('both', 'file', 'IN|OUT'),
        pollAdd('in', 'file', 'IN'),
        pollAdd('null', 'null', 'OUT'),
      ),
      completions('ring', { both: 'IN|OUT', in: 'IN', null: 'OUT' }),
    ],
  },
  {
    id: 'iou.poll.regular.pri',
    statement:
      'A poll of a regular file for nothing that it can be is refused with EINVAL: it could never complete.',
    level: 'de-facto',
    source: 'measured (Linux 6.18)',
    steps: [
      directory('d'),
      open('file', '@d/file', O.RDWR | O.CREAT),
      ring,
      submit('ring', pollAdd('pri', 'file', 'PRI')),
      completions('ring', { pri: 'EINVAL' }),
    ],
  },
  {
    id: 'iou.poll.bad-fd',
    statement: 'A poll of a number that no descriptor has completes with EBADF.',
    source: 'io_uring_enter(2), EBADF; liburing poll',
    steps: [
      pipe('r', 'w'),
      ring,
      close('r'),
      submit(
        'ring',
        pollAdd('closed', 'r', 'IN'),
        pollAdd('negative', -1, 'IN'),
        pollAdd('large', 0x7fffffff, 'IN'),
      ),
      completions('ring', { closed: 'EBADF', negative: 'EBADF', large: 'EBADF' }),
      // Nothing is wrong with the ring.
      submit('ring', pollAdd('good', 'w', 'OUT')),
      completions('ring', { good: 'OUT|ERR' }),
    ],
  },
  {
    id: 'iou.poll.two-requests',
    statement: 'Each of several polls of one descriptor completes, whether they ask for the same or not.',
    source: 'io_uring_enter(2); liburing poll; axboe/liburing#205',
    bugs: ['axboe/liburing#205: on Linux 5.4 requests that were pending delayed completions of others'],
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      ring,
      submit('ring', pollAdd('first', 'r', 'IN'), pollAdd('second', 'r', 'IN'), pollAdd('third', 'r', '0')),
      submit('ring', pollAdd('in', 'a', 'IN'), pollAdd('pri', 'a', 'PRI')),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { first: 'IN', second: 'IN' }),
      write('b', 1),
      completions('ring', { in: 'IN' }),
      read('r', 1),
      close('w'),
      completions('ring', { third: 'HUP' }),
    ],
  },
  {
    id: 'iou.poll.wake-bits',
    statement:
      'A poll completes with the bits of what woke it, and is not looked at again: ordinary data of a socket is IN and PRI.',
    level: 'quirk',
    source:
      'measured (Linux 6.18); io_uring/poll.c, io_poll_check_events; net/core/sock.c, sock_def_readable',
    why: 'Who takes PRI for urgent data looks for what is not there. A poll of what is ready already tells what is true.',
    differs: 'poll and epoll look at the descriptor before they report.',
    steps: [
      socketpair('a', 'b'),
      ring,
      submit('ring', pollAdd('p', 'a', 'IN|PRI')),
      write('b', 1),
      completions('ring', { p: 'IN|PRI' }),
      submit('ring', pollAdd('now', 'a', 'IN|PRI')),
      completions('ring', { now: 'IN' }),
    ],
  },
  {
    id: 'iou.poll.pri-alone',
    statement:
      'A poll for PRI alone is not woken by urgent data: only one of what is urgent already completes.',
    level: 'quirk',
    source:
      'measured (Linux 6.18); io_uring/poll.c, io_poll_wake, which leaves EPOLLPRI out (IO_ASYNC_POLL_COMMON)',
    why: 'Who waits for urgent data alone waits for ever. With IN, or RDBAND, it is told.',
    differs: 'poll, epoll and select are woken by it.',
    steps: [
      tcp('c', 's'),
      ring,
      submit('ring', pollAdd('urgent', 's', 'PRI'), pollAdd('with in', 's', 'PRI|IN')),
      sendOob('c'),
      completions('ring', { 'with in': 'IN|PRI' }),
      settleReady('s', 'PRI'),
      submit('ring', pollAdd('now', 's', 'PRI')),
      completions('ring', { now: 'PRI' }),
    ],
  },
  {
    id: 'iou.poll.reset',
    statement: 'A connection that is reset completes a poll with IN, ERR, HUP and RDHUP.',
    source: 'poll(2); measured',
    steps: [
      tcp('c', 's'),
      ring,
      submit('ring', pollAdd('p', 's', 'IN')),
      completions('ring', {}),
      reset('c'),
      settle('s', 'CLOSE'),
      completions('ring', { p: 'IN|ERR|HUP|RDHUP' }),
    ],
  },
  {
    id: 'iou.poll.close-fd',
    statement:
      'Closing a descriptor completes no poll: the request holds the file, and completes when that becomes ready.',
    level: 'de-facto',
    source: 'measured (Linux 6.18)',
    differs:
      'epoll forgets a descriptor with its last close, kqueue with any; poll and select see NVAL or EBADF.',
    steps: [
      eventfd('e'),
      { op: 'dup', fd: 'e', as: 'same' },
      ring,
      submit('ring', pollAdd('p', 'e', 'IN')),
      close('e'),
      completions('ring', {}),
      signal('same'),
      completions('ring', { p: 'IN' }),
    ],
  },
  {
    id: 'life.uring-holds-file',
    statement:
      'The file of a poll stays open after the last close of its descriptor: its pipe has a reader until the poll has completed.',
    level: 'de-facto',
    source: 'measured (Linux 6.18)',
    why: 'A peer is not told of the end of a connection whose poll was forgotten.',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollAdd('p', 'r', 'IN')),
      close('r'),
      completions('ring', {}),
      // There is a reader, so this is no EPIPE, and it wakes the poll.
      write('w', 1),
      completions('ring', { p: 'IN' }),
      write('w', 1, 'EPIPE'),
    ],
  },
]
