import { drain, pipe, socketpair, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { change, events, kev, kevent, kqueue, told } from '../../steps/kevents.ts'

const trigger = (ident: number) => kev('USER', ident, '', { fflags: 'TRIGGER' })

/** Registrations that report once: EV_ONESHOT and EV_DISPATCH. */
export const once: readonly Check[] = [
  kqueueCheck({
    id: 'kq.oneshot-deletes',
    statement:
      'With EV_ONESHOT an event comes once, and its registration is gone: deleting it fails with ENOENT.',
    source: 'kqueue(2), EV_ONESHOT; libkqueue',
    differs: 'epoll disables the entry, and keeps it.',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      change('kq', [
        kev('READ', 'r', 'ADD|ONESHOT'),
        kev('WRITE', 'w', 'ADD|ONESHOT'),
        kev('USER', 7, 'ADD|ONESHOT'),
      ]),
      write('w', 1),
      change('kq', trigger(7)),
      events('kq', [told('READ', 'r', { data: 1 }), told('WRITE', 'w'), told('USER', 7)]),
      events('kq', []),
      write('w', 1),
      events('kq', [], { timeoutMs: 10 }),
      change('kq', kev('READ', 'r', 'DELETE'), 'ENOENT'),
      change('kq', kev('WRITE', 'w', 'DELETE'), 'ENOENT'),
      change('kq', kev('USER', 7, 'DELETE'), 'ENOENT'),
      change('kq', trigger(7), 'ENOENT'),
      change('kq', kev('READ', 'r', 'ADD|ONESHOT')),
      events('kq', [told('READ', 'r', { data: 2 })]),
    ],
  }),
  kqueueCheck({
    id: 'kq.oneshot-per-filter',
    statement: 'READ and WRITE of a descriptor fire once each by themselves: the one does not end the other.',
    source: 'kqueue(2); libkqueue',
    differs: 'In epoll any bit disarms the whole entry.',
    steps: [
      socketpair('a', 'b'),
      kqueue('kq'),
      change('kq', [kev('READ', 'a', 'ADD|ONESHOT'), kev('WRITE', 'a', 'ADD|ONESHOT')]),
      events('kq', [told('WRITE', 'a')]),
      events('kq', []),
      write('b', 2),
      events('kq', [told('READ', 'a', { data: 2 })]),
      events('kq', []),
      change('kq', [kev('WRITE', 'a', 'ADD|ONESHOT'), kev('READ', 'a', 'ADD')]),
      events('kq', [told('READ', 'a', { data: 2 }), told('WRITE', 'a')]),
      events('kq', [told('READ', 'a', { data: 2 })]),
    ],
  }),
  kqueueCheck({
    id: 'kq.dispatch',
    statement:
      'With EV_DISPATCH an event comes once and disables its registration; EV_ENABLE arms it again, each time.',
    source: 'kqueue(2), EV_DISPATCH; libkqueue; NetBSD tests',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      change('kq', kev('READ', 'r', 'ADD|DISPATCH')),
      write('w', 1),
      events('kq', [told('READ', 'r', { data: 1, flags: 'DISPATCH' })]),
      events('kq', []),
      write('w', 1),
      events('kq', [], { timeoutMs: 10 }),
      change('kq', kev('READ', 'r', 'ENABLE')),
      events('kq', [told('READ', 'r', { data: 2, flags: 'DISPATCH' })]),
      events('kq', []),
      drain('r'),
      change('kq', kev('READ', 'r', 'ENABLE')),
      events('kq', []),
      write('w', 3),
      events('kq', [told('READ', 'r', { data: 3, flags: 'DISPATCH' })]),
      events('kq', []),
      change('kq', kev('READ', 'r', 'DELETE')),
      change('kq', kev('READ', 'r', 'ENABLE'), 'ENOENT'),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.dispatch-enable-trigger',
    statement: 'A single change that enables a user event and triggers it makes it fire.',
    source: 'libkqueue',
    bugs: ['mheily/libkqueue: EV_ENABLE with NOTE_TRIGGER enabled only, so that a thread pool slept on'],
    steps: [
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD|DISPATCH')),
      change('kq', trigger(7)),
      events('kq', [told('USER', 7)]),
      events('kq', []),
      change('kq', kev('USER', 7, 'ENABLE', { fflags: 'TRIGGER' })),
      events('kq', [told('USER', 7)]),
      events('kq', []),
      kevent('kq', [kev('USER', 7, 'ENABLE', { fflags: 'TRIGGER' })], [told('USER', 7)]),
      events('kq', []),
    ],
  }),
]
