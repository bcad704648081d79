import { drain, pipe, read, socketpair, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { change, events, kev, kevent, kqueue, receipt, requireSystem, told } from '../../steps/kevents.ts'

const trigger = (ident: number) => kev('USER', ident, '', { fflags: 'TRIGGER' })

/** What the other flags of a registration do. */
export const flags: readonly Check[] = [
  kqueueCheck({
    id: 'kq.level-default',
    statement:
      'Without EV_CLEAR a condition is reported again until it is gone, as it is when it is retrieved.',
    source: 'kqueue(2); libkqueue; nng#575',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      change('kq', kev('READ', 'r', 'ADD')),
      events('kq', []),
      write('w', 1),
      events('kq', [told('READ', 'r', { data: 1 })]),
      events('kq', [told('READ', 'r', { data: 1 })]),
      write('w', 1),
      events('kq', [told('READ', 'r', { data: 2 })]),
      read('r', 1),
      events('kq', [told('READ', 'r', { data: 1 })]),
      drain('r'),
      events('kq', []),
      write('w', 1),
      drain('r'),
      events('kq', []),
      events('kq', [], { timeoutMs: 10 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.clear',
    statement:
      'With EV_CLEAR each change is reported once; new data is reported though the old was not read.',
    source: 'kqueue(2), EV_CLEAR; libkqueue',
    differs: 'This is what EPOLLET does.',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      write('w', 1),
      change('kq', kev('READ', 'r', 'ADD|CLEAR')),
      events('kq', [told('READ', 'r', { data: 1 })]),
      events('kq', []),
      write('w', 1),
      events('kq', [told('READ', 'r', { data: 2 })]),
      events('kq', []),
      read('r', 1),
      events('kq', []),
      drain('r'),
      events('kq', []),
      write('w', 3),
      events('kq', [told('READ', 'r', { data: 3 })]),
      events('kq', [], { timeoutMs: 10 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.clear.other-filter',
    statement:
      'Deleting, disabling or adding one filter of a descriptor leaves the EV_CLEAR of the other as it is.',
    source: 'kqueue(2); mheily/libkqueue#59',
    why: 'A server that asks for READ alone while it has nothing to send must not be told again and again that it could.',
    bugs: ['mheily/libkqueue#59: READ and WRITE of a descriptor shared one entry of epoll'],
    steps: [
      socketpair('a', 'b'),
      kqueue('kq'),
      change('kq', kev('WRITE', 'a', 'ADD|CLEAR')),
      events('kq', [told('WRITE', 'a')]),
      change('kq', kev('READ', 'a', 'ADD')),
      events('kq', []),
      change('kq', kev('READ', 'a', 'DELETE')),
      events('kq', []),
      events('kq', [], { timeoutMs: 10 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.clear-not-changed-by-readd',
    statement: 'Adding a user event again without EV_CLEAR leaves it one that is reported once.',
    level: 'de-facto',
    source: 'libkqueue; polling#265; compio#931',
    differs: 'On macOS it is reported again and again from then on.',
    bugs: [
      'smol-rs/polling#265: a wake-up that was added again without EV_CLEAR kept a CPU busy',
      'compio-rs/compio#931: the same',
    ],
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|CLEAR')),
      change('kq', kev('USER', 7, 'ADD')),
      change('kq', trigger(7)),
      events('kq', [told('USER', 7)]),
      events('kq', { otherwise: [], macos: [told('USER', 7)] }),
    ],
  }),
  kqueueCheck({
    id: 'kq.receipt-sticky',
    statement: 'A receipt has the flags of its change besides EV_ERROR, as far as the system keeps them.',
    level: 'quirk',
    source: 'libkqueue test/common.c',
    differs: 'FreeBSD drops EV_RECEIPT and keeps EV_ADD; OpenBSD and NetBSD keep neither.',
    steps: [
      kqueue('kq'),
      kevent(
        'kq',
        [kev('USER', 7, 'ADD|RECEIPT')],
        {
          otherwise: [{ ...receipt('USER', 7), flags: 'ADD|RECEIPT' }],
          freebsd: [{ ...receipt('USER', 7), flags: 'ADD', without: 'RECEIPT' }],
          freebsd11: [{ ...receipt('USER', 7), flags: 'ADD', without: 'RECEIPT' }],
          openbsd: [{ ...receipt('USER', 7), without: 'ADD|RECEIPT' }],
          netbsd: [{ ...receipt('USER', 7), without: 'ADD|RECEIPT' }],
        },
        { room: 1 },
      ),
    ],
  }),
  kqueueCheck({
    id: 'kq.udata-specific',
    statement: 'With EV_UDATA_SPECIFIC one identifier has several registrations, told apart by their udata.',
    level: 'quirk',
    source: 'kqueue(2) of macOS',
    differs: 'Only macOS has it.',
    steps: [
      requireSystem('EV_UDATA_SPECIFIC', 'macos'),
      pipe('r', 'w'),
      kqueue('kq'),
      write('w', 1),
      change('kq', [
        kev('READ', 'r', 'ADD|DISPATCH|0x100', { label: 'one' }),
        kev('READ', 'r', 'ADD|DISPATCH|0x100', { label: 'two' }),
      ]),
      events('kq', [told('READ', 'r', { label: 'one' }), told('READ', 'r', { label: 'two' })]),
      change('kq', kev('READ', 'r', 'DELETE|0x100', { label: 'one' })),
      change('kq', kev('READ', 'r', 'ENABLE|DISPATCH|0x100', { label: 'two' })),
      events('kq', [told('READ', 'r', { label: 'two' })]),
    ],
  }),
]
