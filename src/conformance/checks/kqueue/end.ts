import {
  blocked,
  close,
  dup,
  join,
  pipe,
  read,
  reset,
  settle,
  shutdown,
  socketpair,
  soError,
  tcp,
  thread,
  write,
} from '../../build.ts'
import { O } from '../../../libc/constants/linux.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { ARRIVAL, WOKEN } from '../../patience.ts'
import { directory, mkfifo, open } from '../../steps/files.ts'
import { change, events, kev, kqueue, requireSystem, told } from '../../steps/kevents.ts'

/** EVFILT_READ at the end of pipes and connections. */
export const ends: readonly Check[] = [
  kqueueCheck({
    id: 'kq.read.eof-with-data',
    statement:
      'After the other end has closed, what was not read is reported together with EV_EOF, and data says how much it is.',
    source:
      'kqueue(2): "It is possible for EOF to be returned (indicating the connection is gone) while there is still data pending"',
    bugs: [
      'hivesolutions/netius#79: EV_EOF was taken for an error, and what had come before was lost',
      'varnishcache/varnish-cache#4138: a connection was closed on EV_EOF with data pending',
    ],
    steps: [
      pipe('r', 'w'),
      socketpair('a', 'b'),
      tcp('client', 'server'),
      kqueue('kq'),
      ...(
        [
          ['r', 'w', close('w')],
          ['a', 'b', close('b')],
          ['server', 'client', shutdown('client', 'WR'), settle('server', 'CLOSE_WAIT')],
        ] as const
      ).flatMap(([reader, writer, ...end]) => [
        change('kq', kev('READ', reader, 'ADD')),
        write(writer, 5),
        events('kq', [told('READ', reader, { data: 5 })], ARRIVAL),
        ...end,
        events('kq', [told('READ', reader, { state: 'EOF', data: 5 })], ARRIVAL),
        read(reader, 3),
        events('kq', [told('READ', reader, { state: 'EOF', data: 2 })]),
        read(reader, 2),
        events('kq', [told('READ', reader, { state: 'EOF', data: 0 })]),
        read(reader, 1, 0),
        change('kq', kev('READ', reader, 'DELETE')),
      ]),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.eof-fflags',
    statement:
      'With EV_EOF fflags is the error of the socket: 0 after an orderly end, ECONNRESET after a reset.',
    source: 'kqueue(2): "returns the socket error (if any) in fflags"; libkqueue; FreeBSD tests',
    steps: [
      tcp('c1', 's1'),
      tcp('c2', 's2'),
      kqueue('kq'),
      change('kq', [kev('READ', 's1', 'ADD|CLEAR'), kev('READ', 's2', 'ADD|CLEAR')]),
      shutdown('c1', 'WR'),
      events('kq', [told('READ', 's1', { state: 'EOF', data: 0, fflags: '' })], ARRIVAL),
      reset('c2'),
      events('kq', [told('READ', 's2', { state: 'EOF', data: 0, fflags: 'ECONNRESET' })], ARRIVAL),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.eof-error-stays',
    level: 'de-facto',
    statement: 'An event that tells the error of a socket leaves it there: SO_ERROR says it afterwards.',
    why: 'A program that looks for the error where it always does finds none, and takes a reset for an orderly end, or a refused connection for one that is there.',
    source:
      'FreeBSD, DragonFly BSD and macOS: filt_soread copies so_error into fflags, and does not clear it',
    steps: [
      tcp('c', 's'),
      kqueue('kq'),
      change('kq', kev('READ', 's', 'ADD|CLEAR')),
      reset('c'),
      events('kq', [told('READ', 's', { state: 'EOF', data: 0, fflags: 'ECONNRESET' })], ARRIVAL),
      soError('s', 'ECONNRESET'),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.eof-repeats',
    statement:
      'EV_EOF is reported again and again until its registration is deleted, and once with EV_CLEAR.',
    source: 'kqueue(2); libkqueue',
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      kqueue('kq'),
      change('kq', [kev('READ', 'r', 'ADD'), kev('READ', 'r2', 'ADD|CLEAR')]),
      close('w'),
      close('w2'),
      events('kq', [
        told('READ', 'r', { state: 'EOF', data: 0 }),
        told('READ', 'r2', { state: 'EOF', data: 0 }),
      ]),
      events('kq', [told('READ', 'r', { state: 'EOF', data: 0 })]),
      events('kq', [told('READ', 'r', { state: 'EOF', data: 0 })]),
      change('kq', kev('READ', 'r', 'DELETE')),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.fifo-eof-clears',
    statement:
      'A FIFO that has ended is as new when somebody opens it for writing: its next event has no EV_EOF.',
    level: 'de-facto',
    source: 'kqueue(2) of FreeBSD: "EOF may be cleared by passing in EV_CLEAR"; epoll-shim',
    differs: 'FreeBSD and macOS need EV_CLEAR for it.',
    bugs: ['golang/go#24164: on macOS the end of a FIFO was never reported'],
    steps: [
      requireSystem('a FIFO that begins anew', 'freebsd', 'freebsd11', 'macos', 'libkqueue'),
      directory('d'),
      mkfifo('@d/fifo'),
      open('r', '@d/fifo'),
      open('w', '@d/fifo', O.WRONLY),
      kqueue('kq'),
      change('kq', kev('READ', 'r', 'ADD|CLEAR')),
      close('w'),
      events('kq', [told('READ', 'r', { state: 'EOF', data: 0 })]),
      open('w2', '@d/fifo', O.WRONLY),
      events('kq', []),
      write('w2', 2),
      events('kq', [told('READ', 'r', { data: 2 })]),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.pipe-writer-close-wakes',
    statement: 'A thread that is blocked in kevent is woken when the last writer of a pipe closes it.',
    kind: 'thread',
    source: 'golang/go#63937',
    bugs: ['golang/go#63937: on macOS a read of a pipe whose writer had closed sometimes never ended'],
    threads: 1,
    steps: [
      pipe('r', 'w'),
      dup('w', 'w2'),
      kqueue('kq'),
      change('kq', kev('READ', 'r', 'ADD')),
      close('w2'),
      events('kq', []),
      thread('waiter', events('kq', [told('READ', 'r', { state: 'EOF', data: 0 })], WOKEN)),
      blocked('waiter'),
      close('w'),
      join('waiter'),
    ],
  }),
]
