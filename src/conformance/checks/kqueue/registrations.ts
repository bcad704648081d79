import { drain, pipe, sleep, socketpair, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { directory, open } from '../../steps/files.ts'
import { change, events, kev, kevent, kqueue, told } from '../../steps/kevents.ts'
import type { KeventChange } from '../../steps/kevents.ts'
import { O, SIG } from '../../../libc/constants/linux.ts'

/** So long that a timer does not fire by itself. */
const HOUR_MS = 3_600_000

/** A registration of each filter that none was added of: after `openAll`. */
const unknown = (flags: string): readonly KeventChange[] => [
  kev('READ', 'r', flags),
  kev('WRITE', 'w', flags),
  kev('VNODE', 'file', flags, { fflags: 'WRITE' }),
  kev('PROC', 1, flags, { fflags: 'EXIT' }),
  kev('SIGNAL', SIG.URG, flags),
  kev('TIMER', 7, flags, { data: HOUR_MS }),
  kev('USER', 7, flags),
]

const openAll = [
  pipe('r', 'w'),
  directory('d'),
  open('file', '@d/file', O.RDWR | O.CREAT),
  kqueue('kq'),
] as const

/** What identifies a registration, and how it is changed and ended. */
export const registrations: readonly Check[] = [
  kqueueCheck({
    id: 'kq.key',
    statement:
      'A registration is known by identifier and filter: READ, WRITE, USER and TIMER of one number are four, each with its own udata.',
    source: 'kqueue(2); libkqueue; libevent test-kq-collision',
    differs: 'epoll has one registration for a descriptor, with one datum for both directions.',
    steps: [
      socketpair('a', 'b'),
      kqueue('kq'),
      change('kq', [
        kev('READ', 'a', 'ADD'),
        kev('WRITE', 'a', 'ADD'),
        kev('USER', 'a', 'ADD'),
        kev('TIMER', 'a', 'ADD|ONESHOT', { data: HOUR_MS }),
      ]),
      events('kq', [told('WRITE', 'a')]),
      write('b', 3),
      change('kq', kev('USER', 'a', '', { fflags: 'TRIGGER' })),
      events('kq', [told('READ', 'a', { data: 3 }), told('WRITE', 'a'), told('USER', 'a')]),
      change('kq', kev('USER', 'a', 'DELETE')),
      events('kq', [told('READ', 'a', { data: 3 }), told('WRITE', 'a')]),
      change('kq', kev('READ', 'a', 'DELETE')),
      events('kq', [told('WRITE', 'a')]),
      change('kq', kev('TIMER', 'a', 'DELETE')),
      change('kq', kev('WRITE', 'a', 'DELETE')),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.add.idempotent',
    statement:
      'Adding a descriptor that is registered changes the registration: there is one event, with the newer udata, and one to delete.',
    source:
      'kqueue(2): "Re-adding an existing event will modify the parameters"; FreeBSD and libkqueue tests',
    why: 'Event loops add again whenever their interest changes, and rely on it that this neither fails nor doubles.',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      change('kq', kev('READ', 'r', 'ADD', { label: 'first' })),
      change('kq', kev('READ', 'r', 'ADD', { label: 'second' })),
      write('w', 3),
      events('kq', [told('READ', 'r', { label: 'second', data: 3 })]),
      change('kq', kev('WRITE', 'w', 'ADD|CLEAR', { label: 'first' })),
      change('kq', kev('WRITE', 'w', 'ADD|CLEAR', { label: 'third' })),
      change('kq', kev('READ', 'r', 'DELETE')),
      events('kq', [told('WRITE', 'w', { label: 'third' })]),
      change('kq', kev('READ', 'r', 'DELETE'), 'ENOENT'),
      change('kq', kev('WRITE', 'w', 'DELETE')),
      change('kq', kev('WRITE', 'w', 'DELETE'), 'ENOENT'),
    ],
  }),
  kqueueCheck({
    id: 'kq.add.idempotent-user',
    statement: 'Adding a user event again overwrites its fflags, data and udata; there is one event.',
    source: 'kqueue(2); kern_event.c of FreeBSD, filt_usertouch; libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR', { fflags: 'FFCOPY|0x1', data: 1, label: 'first' })),
      change('kq', kev('USER', 7, 'ADD', { fflags: 'FFCOPY|0x5', data: 9, label: 'second' })),
      change('kq', kev('USER', 7, '', { fflags: 'TRIGGER', data: 9, label: 'second' })),
      events('kq', [told('USER', 7, { label: 'second', fflags: '0x5', data: 9 })]),
      change('kq', kev('USER', 7, 'DELETE')),
      change('kq', kev('USER', 7, 'DELETE'), 'ENOENT'),
    ],
  }),
  kqueueCheck({
    id: 'kq.add.missing-flag',
    statement: 'A change of what was not added, without EV_ADD, fails with ENOENT, whatever its filter.',
    source: 'kqueue(2), ERRORS; libkqueue',
    steps: [
      ...openAll,
      ...['', 'ENABLE', 'DISABLE', 'CLEAR'].flatMap((flags) =>
        unknown(flags).map((one) => change('kq', one, 'ENOENT')),
      ),
      change('kq', kev('USER', 7, '', { fflags: 'TRIGGER' }), 'ENOENT'),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.delete.enoent',
    statement: 'Deleting what was not added, or was deleted, fails with ENOENT, whatever its filter.',
    source: 'kqueue(2), ERRORS; libkqueue',
    steps: [
      ...openAll,
      ...unknown('DELETE').map((one) => change('kq', one, 'ENOENT')),
      ...unknown('ADD')
        .filter(({ filter }) => filter !== 'PROC' && filter !== 'SIGNAL')
        .flatMap((one) => [
          change('kq', one),
          change('kq', { ...one, flags: 'DELETE' }),
          change('kq', { ...one, flags: 'DELETE' }, 'ENOENT'),
        ]),
    ],
  }),
  kqueueCheck({
    id: 'kq.delete.drops-pending',
    statement: 'What has happened and was not retrieved is gone once its registration was deleted.',
    source: 'kqueue(2), EV_DELETE; libkqueue',
    why: 'The udata is often a pointer: an event that comes after the deletion leads to memory that was freed.',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      write('w', 1),
      ...['ADD', 'ADD|CLEAR', 'ADD|ONESHOT', 'ADD|DISPATCH'].flatMap((flags) => [
        change('kq', [
          kev('READ', 'r', flags),
          kev('WRITE', 'w', flags),
          kev('USER', 7, flags),
          kev('TIMER', 7, flags, { data: 1 }),
        ]),
        change('kq', kev('USER', 7, '', { fflags: 'TRIGGER' })),
        sleep(3),
        change('kq', [
          kev('READ', 'r', 'DELETE'),
          kev('WRITE', 'w', 'DELETE'),
          kev('USER', 7, 'DELETE'),
          kev('TIMER', 7, 'DELETE'),
        ]),
        events('kq', []),
      ]),
    ],
  }),
  kqueueCheck({
    id: 'kq.disable.drops-pending',
    statement:
      'A disabled registration is silent, even about what was pending; enabled, it is reported if its condition still holds.',
    source: 'kqueue(2), EV_DISABLE and EV_ENABLE; libkqueue; FreeBSD tests',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      change('kq', [kev('READ', 'r', 'ADD'), kev('USER', 7, 'ADD|CLEAR')]),
      write('w', 1),
      change('kq', kev('USER', 7, '', { fflags: 'TRIGGER' })),
      change('kq', [kev('READ', 'r', 'DISABLE'), kev('USER', 7, 'DISABLE')]),
      events('kq', []),
      events('kq', [], { timeoutMs: 10 }),
      change('kq', kev('READ', 'r', 'DISABLE')),
      change('kq', [kev('READ', 'r', 'ENABLE'), kev('USER', 7, 'ENABLE')]),
      events('kq', [told('READ', 'r', { data: 1 }), told('USER', 7)]),
      change('kq', kev('READ', 'r', 'DISABLE')),
      drain('r'),
      change('kq', kev('READ', 'r', 'ENABLE')),
      events('kq', []),
      write('w', 2),
      events('kq', [told('READ', 'r', { data: 2 })]),
    ],
  }),
  ...(
    [
      ['', 'READ and WRITE', [kev('READ', 'r', ''), kev('WRITE', 'w', '')]],
      ['-timer', 'TIMER', [kev('TIMER', 7, '', { data: 1 })]],
    ] as const
  ).map(([suffix, filters, idle]) =>
    kqueueCheck({
      id: `kq.add-disabled${suffix}`,
      statement: `What is added with EV_DISABLE does not fire before EV_ENABLE: ${filters}.`,
      source:
        'kqueue(2): "EV_DISABLE"; libkqueue TODO.md, "Filters arm in kn_create before EV_DISABLE is honoured"',
      steps: [
        pipe('r', 'w'),
        kqueue('kq'),
        write('w', 1),
        change(
          'kq',
          idle.map((one) => ({ ...one, flags: 'ADD|DISABLE' })),
        ),
        sleep(3),
        events('kq', []),
        events('kq', [], { timeoutMs: 10 }),
        change(
          'kq',
          idle.map((one) => ({ ...one, flags: 'ENABLE' })),
        ),
        events(
          'kq',
          idle.map(({ filter, ident }) => told(filter, ident)),
          { timeoutMs: 2000, room: idle.length },
        ),
      ],
    }),
  ),
  kqueueCheck({
    id: 'kq.add-disabled-user',
    statement: 'A user event that is added with EV_DISABLE and triggered does not fire before EV_ENABLE.',
    source: 'kqueue(2); libkqueue',
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|DISABLE|CLEAR')),
      change('kq', kev('USER', 7, '', { fflags: 'TRIGGER' })),
      events('kq', []),
      change('kq', [kev('USER', 7, 'ENABLE'), kev('USER', 7, '', { fflags: 'TRIGGER' })]),
      events('kq', [told('USER', 7)]),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.udata-roundtrip',
    statement: 'All 64 bits of udata come back, with events of every filter.',
    source: 'kqueue(2); libkqueue',
    why: 'It is a pointer in most programs: one that has lost its upper half points anywhere.',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      write('w', 1),
      change('kq', [
        kev('READ', 'r', 'ADD', { label: 'one' }),
        kev('WRITE', 'w', 'ADD', { label: 'two' }),
        kev('TIMER', 7, 'ADD|ONESHOT', { data: 1, label: 'three' }),
        ...Array.from({ length: 12 }, (_, i) => kev('USER', i, 'ADD', { label: `user ${i}` })),
        ...Array.from({ length: 12 }, (_, i) =>
          kev('USER', i, '', { fflags: 'TRIGGER', label: `user ${i}` }),
        ),
      ]),
      sleep(3),
      events(
        'kq',
        [
          told('READ', 'r', { label: 'one' }),
          told('WRITE', 'w', { label: 'two' }),
          told('TIMER', 7, { label: 'three' }),
          ...Array.from({ length: 12 }, (_, i) => told('USER', i, { label: `user ${i}` })),
        ],
        { room: 32 },
      ),
    ],
  }),
  kqueueCheck({
    id: 'kq.udata-overwritten-by-trigger',
    statement:
      'The udata of a change that triggers a user event takes the place of that of its registration.',
    level: 'quirk',
    source: 'libkqueue, measured on macOS; FreeBSD tests',
    differs: 'FreeBSD has EV_KEEPUDATA since version 12, with which a change leaves the udata as it is.',
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR', { label: 'first' })),
      kevent(
        'kq',
        [kev('USER', 7, '', { fflags: 'TRIGGER', label: 'second' })],
        [told('USER', 7, { label: 'second' })],
      ),
      change('kq', kev('USER', 7, '', { fflags: 'TRIGGER', label: 'third' })),
      events('kq', [told('USER', 7, { label: 'third' })]),
    ],
  }),
]
