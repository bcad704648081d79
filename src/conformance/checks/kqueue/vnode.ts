import { O } from '../../../libc/constants/linux.ts'
import { call, pipe, socketpair, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import type { Step } from '../../steps.ts'
import { directory, open } from '../../steps/files.ts'
import type { PathText } from '../../steps/files.ts'
import { change, events, kev, kqueue, requireSystem, told } from '../../steps/kevents.ts'
import { fileOfTen } from './file-of-ten.ts'

const path = (text: PathText) => ({ path: text })

/** What may happen to a file, in an order in which each can happen to it. */
const happenings = {
  overwrite: [call('pwrite', ['$w', { bytes: 1 }, 1, 0], 1)],
  extend: [write('w', 5)],
  chmod: [call('chmod', [path('@d/file'), 0o640], 0)],
  link: [call('link', [path('@d/file'), path('@d/link')], 0)],
  rename: [call('rename', [path('@d/file'), path('@d/other')], 0)],
  unlink: [call('unlink', [path('@d/link')], 0), call('unlink', [path('@d/other')], 0)],
} as const satisfies Record<string, readonly Step[]>

type Happening = keyof typeof happenings

/** With how long a time to come what a file system tells of is told. */
const SOON = { timeoutMs: 2000 } as const

/** Which of the notes a registration has asked for is reported on what, and that nothing is on all else. */
const noted: readonly (readonly [note: string, on: readonly Happening[]])[] = [
  ['WRITE', ['overwrite', 'extend']],
  ['EXTEND', ['extend']],
  ['ATTRIB', ['chmod']],
  ['LINK', ['link']],
  ['RENAME', ['rename']],
  ['DELETE', ['unlink']],
]

/** What may be told of or not: a link changes a time of the file, and the file systems differ in unlink. */
const unclear: Readonly<Record<string, readonly Happening[]>> = {
  ATTRIB: ['overwrite', 'extend', 'link', 'rename', 'unlink'],
  LINK: ['unlink'],
}

/** EVFILT_VNODE: what happens to files. */
export const vnodes: readonly Check[] = [
  ...noted.map(([note, on]) =>
    kqueueCheck({
      id: `kq.vnode.notes.${note.toLowerCase()}`,
      statement: `A file that is watched for NOTE_${note} is reported when that happens, and for nothing else.`,
      source: 'kqueue(2), EVFILT_VNODE; libkqueue; NetBSD tests',
      ...(note === 'WRITE' || note === 'EXTEND'
        ? {
            differs:
              'Where a write makes the file longer, FreeBSD tells both notes to whoever asked for one.',
          }
        : {}),
      steps: [
        ...fileOfTen,
        change('kq', kev('VNODE', 'file', 'ADD|CLEAR', { fflags: note })),
        events('kq', []),
        ...(Object.keys(happenings) as Happening[])
          .filter((happening) => unclear[note]?.includes(happening) !== true)
          .flatMap((happening) => [
            ...happenings[happening],
            ...(on.includes(happening) ? [events('kq', [told('VNODE', 'file', { notes: note })], SOON)] : []),
            events('kq', []),
            events('kq', [], { timeoutMs: 5 }),
          ]),
      ],
    }),
  ),
  kqueueCheck({
    id: 'kq.vnode.notes',
    statement: 'What happens to a file before it is asked about is one event, with the notes of all of it.',
    source: 'kqueue(2), EVFILT_VNODE; libkqueue',
    steps: [
      ...fileOfTen,
      change('kq', kev('VNODE', 'file', 'ADD|CLEAR', { fflags: 'WRITE|EXTEND|RENAME' })),
      ...happenings.overwrite,
      events('kq', [told('VNODE', 'file', { fflags: 'WRITE' })], SOON),
      ...happenings.extend,
      ...happenings.rename,
      events('kq', [told('VNODE', 'file', { fflags: 'WRITE|EXTEND|RENAME' })], SOON),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.vnode.notes.sleeps-on',
    statement: 'What happens to a file and was not asked for does not end a wait.',
    kind: 'time',
    source: 'kqueue(2): kevent returns 0 when its time has run out',
    steps: [
      ...fileOfTen,
      change('kq', kev('VNODE', 'file', 'ADD|CLEAR', { fflags: 'WRITE' })),
      ...happenings.chmod,
      events('kq', [], { timeoutMs: 20 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.vnode.notes.directory',
    statement:
      'A directory that is watched for NOTE_WRITE tells when a file is made, renamed or removed in it.',
    source: 'kqueue(2), EVFILT_VNODE, NOTE_WRITE; libkqueue',
    steps: [
      directory('d'),
      open('directory', '@d'),
      kqueue('kq'),
      change('kq', kev('VNODE', 'directory', 'ADD|CLEAR', { fflags: 'WRITE' })),
      open('w', '@d/file', O.RDWR | O.CREAT),
      events('kq', [told('VNODE', 'directory', { notes: 'WRITE' })], SOON),
      ...happenings.overwrite,
      events('kq', []),
      ...happenings.rename,
      events('kq', [told('VNODE', 'directory', { notes: 'WRITE' })], SOON),
      call('unlink', [path('@d/other')], 0),
      events('kq', [told('VNODE', 'directory', { notes: 'WRITE' })], SOON),
    ],
  }),
  kqueueCheck({
    id: 'kq.vnode.notes.open-close',
    statement: 'NOTE_OPEN and NOTE_CLOSE tell when somebody opens and closes a file.',
    level: 'de-facto',
    source: 'kqueue(2) of FreeBSD, EVFILT_VNODE',
    differs: 'FreeBSD and NetBSD have them.',
    steps: [
      requireSystem('NOTE_OPEN and NOTE_CLOSE', 'freebsd', 'freebsd11', 'netbsd'),
      ...fileOfTen,
      change('kq', kev('VNODE', 'file', 'ADD|CLEAR', { fflags: '0x80' })),
      open('again', '@d/file'),
      events('kq', [told('VNODE', 'file', { fflags: '0x80' })], SOON),
    ],
  }),
  kqueueCheck({
    id: 'kq.vnode.on-socket',
    statement: 'EVFILT_VNODE on a socket or a pipe fails with EINVAL or EBADF.',
    level: 'de-facto',
    source: 'libkqueue; FreeBSD tests',
    run(machine) {
      machine.run(pipe('r', 'w'), socketpair('a', 'b'), kqueue('kq'))
      for (const name of ['a', 'r']) {
        machine.begin(`kevent adds VNODE ${name}`)
        const result = new KeventCall(machine, 'kq', [
          kev('VNODE', name, 'ADD', { fflags: 'WRITE' }),
        ]).result()
        if (result !== 'EINVAL' && result !== 'EBADF') {
          throw new Failure('kevent gives EINVAL or EBADF', `kevent gives ${result}`)
        }
      }
    },
  }),
]
