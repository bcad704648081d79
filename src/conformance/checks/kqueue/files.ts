import { call, eventfd, read, signal, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { open } from '../../steps/files.ts'
import { change, events, kev, kqueue, requireSystem, told } from '../../steps/kevents.ts'
import { pty, slave, typeText } from '../../steps/terminals.ts'
import { fileOfTen } from './file-of-ten.ts'

/** EVFILT_READ on regular files, eventfds and devices. */
export const filesReading: readonly Check[] = [
  kqueueCheck({
    id: 'kq.read.regular-file',
    statement:
      'A regular file is readable before its end, data is what is left of it, and at its end it is silent.',
    level: 'de-facto',
    source: 'kqueue(2), EVFILT_READ, Vnodes; libkqueue; FreeBSD tests',
    differs: 'epoll refuses regular files with EPERM, and poll says that they are always ready.',
    bugs: ['golang/go#19093: FreeBSD panicked when regular files were added'],
    steps: [
      ...fileOfTen,
      change('kq', kev('READ', 'file', 'ADD')),
      events('kq', [told('READ', 'file', { data: 10 })]),
      events('kq', [told('READ', 'file', { data: 10 })]),
      read('file', 4),
      events('kq', [told('READ', 'file', { data: 6 })]),
      read('file', 6),
      events('kq', []),
      events('kq', [], { timeoutMs: 10 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.regular-file.append',
    statement: 'A regular file that was read to its end is readable again when something is appended.',
    level: 'de-facto',
    source: 'kqueue(2), EVFILT_READ, Vnodes: how tail -f is made; libkqueue',
    steps: [
      ...fileOfTen,
      read('file', 10),
      change('kq', kev('READ', 'file', 'ADD')),
      events('kq', []),
      write('w', 5),
      events('kq', [told('READ', 'file', { data: 5 })], { timeoutMs: 2000 }),
      read('file', 5),
      events('kq', []),
      write('w', 3),
      events('kq', [told('READ', 'file', { data: 3 })], { timeoutMs: 2000 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.regular-file.truncated',
    statement: 'The data of a regular file that was cut off before the place that is read next is negative.',
    level: 'quirk',
    source: 'kqueue(2) of FreeBSD, EVFILT_READ, Vnodes: "this may be negative"',
    differs: 'libkqueue takes it for the end of the file.',
    steps: [
      ...fileOfTen,
      read('file', 8),
      change('kq', kev('READ', 'file', 'ADD')),
      call('ftruncate', ['$w', 3], 0),
      events('kq', { otherwise: [told('READ', 'file', { data: -5 })], libkqueue: [] }),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.regular-file.poll',
    statement: 'With NOTE_FILE_POLL a regular file is always readable, as it is for poll.',
    level: 'de-facto',
    source: 'kqueue(2) of FreeBSD, NOTE_FILE_POLL',
    differs: 'Only FreeBSD has it.',
    steps: [
      requireSystem('NOTE_FILE_POLL', 'freebsd', 'freebsd11'),
      ...fileOfTen,
      read('file', 10),
      change('kq', kev('READ', 'file', 'ADD', { fflags: '0x2' })),
      events('kq', [told('READ', 'file')]),
    ],
  }),
  kqueueCheck({
    id: 'kq.read.regular-once',
    statement: 'With EV_CLEAR a regular file is reported once.',
    level: 'quirk',
    source: 'golang/go#19093',
    differs: 'OpenBSD and NetBSD do so; on others it may come again.',
    steps: [
      ...fileOfTen,
      change('kq', kev('READ', 'file', 'ADD|CLEAR')),
      events('kq', [told('READ', 'file', { data: 10 })]),
      events('kq', []),
      events('kq', [], { timeoutMs: 10 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.eventfd',
    statement: 'The data of a READ event of an eventfd is its counter, and it is writable.',
    level: 'de-facto',
    source: 'FreeBSD tests',
    differs: 'Of the systems that have kqueue only FreeBSD has eventfd, since version 13.',
    steps: [
      requireSystem('an eventfd that kqueue knows', 'freebsd'),
      eventfd('e'),
      kqueue('kq'),
      change('kq', [kev('READ', 'e', 'ADD'), kev('WRITE', 'e', 'ADD')]),
      events('kq', [told('WRITE', 'e')]),
      signal('e', '5'),
      events('kq', [told('READ', 'e', { data: 5 }), told('WRITE', 'e')]),
      signal('e', '18446744073709551609'),
      events('kq', [told('READ', 'e')]),
    ],
  }),
  kqueueCheck({
    id: 'kq.device',
    statement: 'A pseudo terminal is readable when somebody has typed; /dev/null is accepted.',
    level: 'quirk',
    source: 'mio#1377; crossterm#996; libuv',
    differs: 'macOS refuses /dev/tty with EINVAL; libkqueue refuses /dev/null with EPERM, as epoll does.',
    bugs: ['crossterm-rs/crossterm#996: on macOS /dev/tty could not be watched'],
    steps: [
      pty('master'),
      slave('slave', 'master'),
      open('null', '/dev/null'),
      kqueue('kq'),
      change('kq', kev('READ', 'slave', 'ADD')),
      events('kq', []),
      typeText('master', 'line\n'),
      events('kq', [told('READ', 'slave', { data: 5 })], { timeoutMs: 2000 }),
      change('kq', kev('READ', 'null', 'ADD'), { otherwise: 0, libkqueue: 'EPERM' }),
    ],
  }),
]
