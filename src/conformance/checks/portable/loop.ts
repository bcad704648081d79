import {
  close,
  closeLoop,
  drain,
  fill,
  loopAdd,
  loopAddWake,
  loopDel,
  loopWait,
  loopWake,
  openLoop,
  pipe,
  read,
  shutdown,
  socketpair,
  tcp,
  settle,
  write,
} from '../../build.ts'
import type { Check, Family } from '../../check.ts'
import { portableCheck } from '../../define.ts'

/** Tokens use both halves of their 64 bits, so that one that is cut short shows. */
const RED = '0xfeedfacecafef00d'
const BLUE = '0x8000000000000001'
const WAKE = '0xffffffffffffffff'

/** What must come, comes at once; the room is for a loaded machine. */
const SOON = { timeoutMs: 5000 }

const checks: readonly Check[] = [
  portableCheck({
    id: 'loop.add-read',
    statement:
      'Data on a descriptor with read interest is a readable event with its descriptor, token and byte count.',
    source: 'seed: the readiness loop, validated path 1 and 3 (add_read; readable with fd and udata)',
    steps: [
      pipe('r', 'w'),
      openLoop('loop'),
      loopAdd('loop', 'read', 'r', RED),
      loopWait('loop', []),
      write('w', 5),
      loopWait('loop', [{ fd: 'r', token: RED, is: 'readable', bytes: 5 }], SOON),
      loopWait('loop', [{ fd: 'r', token: RED, is: 'readable', bytes: 5 }]),
      read('r', 5),
      loopWait('loop', []),
    ],
  }),
  portableCheck({
    id: 'loop.idle-timeout',
    statement: 'With nothing ready a wait returns nothing, and not before its time.',
    kind: 'time',
    source: 'seed: the readiness loop, validated path 2 (idle timeout)',
    bugs: [
      'netdata/netdata#20273, #20337: Linux 6.14.4 to 6.14.7 spun after a timeout',
      'microsoft/WSL#1609: epoll_wait returned at once for ever',
      'DragonOS#1492: a timeout never ended',
    ],
    steps: [
      pipe('r', 'w'),
      openLoop('loop'),
      loopAdd('loop', 'read', 'r', RED),
      loopWait('loop', [], { timeoutMs: 20 }),
      loopWait('loop', [], { timeoutMs: 1.5 }),
      loopWait('loop', [], { timeoutMs: 0.2 }),
    ],
  }),
  portableCheck({
    id: 'loop.add-write',
    statement:
      'Write interest is added to and taken from a descriptor that has read interest, without disturbing it.',
    source: 'seed: the readiness loop, validated path 4 (the modify path of add_write)',
    differs: 'epoll has one entry for a descriptor and both directions, kqueue one for each.',
    bugs: [
      'WasmEdge/WasmEdge#1165: the second interest was added and not modified, which is EEXIST',
      'mheily/libkqueue#59: without interest in writing there were no events for reading either',
    ],
    steps: [
      socketpair('a', 'b'),
      openLoop('loop'),
      loopAdd('loop', 'read', 'a', RED),
      loopWait('loop', []),
      loopAdd('loop', 'write', 'a', RED),
      loopWait('loop', [{ fd: 'a', token: RED, is: 'writable' }], SOON),
      write('b', 3),
      loopWait('loop', [{ fd: 'a', token: RED, is: 'readable writable', bytes: 3 }], SOON),
      loopDel('loop', 'write', 'a'),
      loopWait('loop', [{ fd: 'a', token: RED, is: 'readable' }]),
      loopAdd('loop', 'write', 'a', BLUE),
      loopDel('loop', 'read', 'a'),
      loopWait('loop', [{ fd: 'a', token: BLUE, is: 'writable' }]),
    ],
  }),
  portableCheck({
    id: 'loop.wake',
    statement:
      'A wake is a user event with its token; several before a wait are one; afterwards there is none left.',
    source: 'seed: the readiness loop, validated path 5 (the wake channel)',
    steps: [
      pipe('r', 'w'),
      openLoop('loop'),
      loopAdd('loop', 'read', 'r', RED),
      loopAddWake('loop', WAKE),
      loopWait('loop', []),
      loopWake('loop'),
      loopWake('loop'),
      loopWake('loop'),
      loopWait('loop', [{ token: WAKE, is: 'user' }], SOON),
      loopWait('loop', []),
      write('w', 1),
      loopWake('loop'),
      loopWait(
        'loop',
        [
          { fd: 'r', token: RED, is: 'readable' },
          { token: WAKE, is: 'user' },
        ],
        SOON,
      ),
      loopWait('loop', [{ fd: 'r', token: RED, is: 'readable' }]),
    ],
  }),
  portableCheck({
    id: 'loop.wake-thread',
    statement: 'A wake from another thread ends a wait that is already blocked.',
    kind: 'thread',
    source: 'seed: the readiness loop, validated path 5 (wake from any thread)',
    bugs: ['DragonOS#723: a waiter was not woken', 'msquic#2973: EVFILT_USER did not wake'],
    threads: 1,
    steps: [
      openLoop('loop'),
      loopAddWake('loop', WAKE),
      loopWake('loop', 'another thread'),
      loopWait('loop', [{ token: WAKE, is: 'user' }], SOON),
      loopWait('loop', []),
    ],
  }),
  portableCheck({
    id: 'loop.half-close',
    statement:
      'A peer that shuts down its writing is eof, with the data that is left to read, and not an error.',
    source: 'seed: the readiness loop, validated path 6 (half-close eof)',
    bugs: [
      'mio#933, mio#939: RDHUP was taken for HUP, and the data behind it was lost',
      'hivesolutions/netius#79, varnish#4138: EV_EOF was taken for an error, and data was lost',
    ],
    differs: 'epoll reports RDHUP only if asked, kqueue EV_EOF always, io_uring RDHUP always.',
    steps: [
      socketpair('a', 'b'),
      openLoop('loop'),
      loopAdd('loop', 'read', 'a', RED),
      write('b', 4),
      shutdown('b', 'WR'),
      loopWait('loop', [{ fd: 'a', token: RED, is: 'readable eof', bytes: 4 }], SOON),
      read('a', 4),
      loopWait('loop', [{ fd: 'a', token: RED, is: 'readable eof', bytes: 0 }], SOON),
      loopDel('loop', 'read', 'a'),
      loopWait('loop', []),
    ],
  }),
  portableCheck({
    id: 'loop.half-close-tcp',
    statement: 'Over TCP too, a peer that shuts down its writing is eof.',
    source: 'seed: the readiness loop, validated path 6 (EPOLLRDHUP eof)',
    bugs: ['shadow/shadow#2181, #3576: no HUP and RDHUP'],
    steps: [
      tcp('c', 's'),
      openLoop('loop'),
      loopAdd('loop', 'read', 's', RED),
      loopWait('loop', []),
      shutdown('c', 'WR'),
      settle('s', 'CLOSE_WAIT'),
      loopWait('loop', [{ fd: 's', token: RED, is: 'readable eof', bytes: 0 }], SOON),
    ],
  }),
  portableCheck({
    id: 'loop.hang-up',
    statement: 'A closed writer of a pipe, and a closed peer of a socket, are eof.',
    source: 'seed: the readiness loop, validated path 6 (EPOLLHUP eof)',
    bugs: [
      'microsoft/WSL#271: a hang-up was not reported (Wine)',
      'emscripten-core/emscripten#27298: no HUP of pipes',
      'google/gvisor#7331: no HUP when the remote end of a TCP connection closed (Dart, Postgres)',
    ],
    differs: 'At the end of a pipe Linux reports HUP alone, macOS and the BSDs IN besides it.',
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      openLoop('loop'),
      loopAdd('loop', 'read', 'r', RED),
      loopAdd('loop', 'read', 'a', BLUE),
      close('w'),
      loopWait('loop', [{ fd: 'r', token: RED, is: 'readable eof', bytes: 0 }], SOON),
      close('b'),
      loopWait(
        'loop',
        [
          { fd: 'r', token: RED, is: 'readable eof' },
          { fd: 'a', token: BLUE, is: 'readable eof' },
        ],
        SOON,
      ),
    ],
  }),
  portableCheck({
    id: 'loop.error',
    statement: 'A pipe whose reader has gone is an error event for the writer, also when it is full.',
    source: 'gVisor; LTP epoll_wait12; pipe(7)',
    bugs: [
      'google/gvisor#10066: a writer was not told that its reader had closed, and Tokio and asyncio hung',
      'gramineproject/gramine#1073: ERR and HUP were merged into one',
    ],
    differs:
      'Linux reports OUT and ERR, and ERR alone if the pipe is full. epoll-shim reports ERR without OUT.',
    steps: [
      pipe('r1', 'w1'),
      pipe('r2', 'w2'),
      openLoop('loop'),
      fill('w2'),
      loopAdd('loop', 'write', 'w1', RED),
      loopAdd('loop', 'write', 'w2', BLUE),
      loopWait('loop', [{ fd: 'w1', token: RED, is: 'writable' }]),
      close('r1'),
      close('r2'),
      loopWait(
        'loop',
        [
          { fd: 'w1', token: RED, is: 'writable error' },
          { fd: 'w2', token: BLUE, is: 'writable error' },
        ],
        SOON,
      ),
    ],
  }),
  portableCheck({
    id: 'loop.removal-idempotent',
    statement:
      'Removing interest that is not there does nothing, also for a descriptor that was closed, and leaves no trace.',
    source: 'seed: the readiness loop (del_read and del_write of an unknown fd)',
    steps: [
      socketpair('a', 'b'),
      openLoop('loop'),
      loopDel('loop', 'read', 'a'),
      loopDel('loop', 'write', 'a'),
      loopAdd('loop', 'read', 'a', RED),
      loopDel('loop', 'read', 'a'),
      loopDel('loop', 'read', 'a'),
      write('b', 1),
      loopWait('loop', []),
      loopAdd('loop', 'read', 'a', BLUE),
      loopWait('loop', [{ fd: 'a', token: BLUE, is: 'readable' }], SOON),
      drain('a'),
      close('a'),
      loopDel('loop', 'read', 'a'),
      loopWait('loop', []),
    ],
  }),
  portableCheck({
    id: 'loop.reused-number',
    statement:
      'A descriptor that was closed without removing its interest, and whose number is in use again, can be added again.',
    source: 'libuv invalidate_fd; wasmer#6608; nanos#1178 (EEXIST after reuse)',
    bugs: [
      'libuv/libuv#4323, nodejs/node#51875: a stale registration made a busy loop',
      'wasmerio/wasmer#6608: the event of a closed descriptor hit the one that had its number next',
      'nanovms/nanos#1178: EEXIST for a number that was in use again',
    ],
    differs:
      'epoll drops an entry with the last descriptor of an open file, kqueue with the descriptor itself. poll and select have no entries.',
    steps: [
      pipe('r1', 'w1'),
      openLoop('loop'),
      loopAdd('loop', 'read', 'r1', RED),
      close('r1'),
      // The lowest free number is handed out first: it is the one that was just closed.
      pipe('r2', 'w2'),
      loopAdd('loop', 'read', 'r2', BLUE),
      loopWait('loop', []),
      write('w2', 1),
      loopWait('loop', [{ fd: 'r2', token: BLUE, is: 'readable' }], SOON),
    ],
  }),
  portableCheck({
    id: 'loop.close',
    statement:
      'Closing a loop closes what it opened, leaves the watched descriptors alone, and can be done twice.',
    source: 'seed: the readiness loop (close)',
    steps: [
      pipe('r', 'w'),
      openLoop('loop'),
      loopAdd('loop', 'read', 'r', RED),
      loopAddWake('loop', WAKE),
      closeLoop('loop'),
      closeLoop('loop'),
      write('w', 1),
      read('r', 1),
    ],
  }),
]

/** The portable EventLoop, over every backend: the paths that the first seed lists as validated, and more. */
export const eventLoop: Family = {
  name: 'loop',
  title: 'EventLoop',
  why: 'The loop is what programs see: an end of file that does not come is a connection that leaks, a wake that is lost is work that waits for the next timeout.',
  checks,
}
