import { blocked, join, pipe, thread, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { sys } from '../../../libc/libc.ts'
import { scratch } from '../../../libc/memory.ts'
import { PROMPT_MS } from '../../patience.ts'
import { change, events, kev, kevent, kqueue, requireSystem, told } from '../../steps/kevents.ts'

const trigger = (ident: number) => kev('USER', ident, '', { fflags: 'TRIGGER' })

/** What a call of kevent does with changes, room and time. */
export const calls: readonly Check[] = [
  kqueueCheck({
    id: 'kq.changes-before-events',
    statement: 'Changes are made before events are retrieved: what a call changes shows in what it returns.',
    source:
      'kqueue(2): "All changes contained in the changelist are applied before any pending events are read"',
    bugs: ['mheily/libkqueue#116: a timer that was changed was reported as it had been'],
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      write('w', 3),
      kevent('kq', [kev('READ', 'r', 'ADD')], [told('READ', 'r', { data: 3 })]),
      kevent(
        'kq',
        [kev('USER', 7, 'ADD|CLEAR'), trigger(7)],
        [told('READ', 'r', { data: 3 }), told('USER', 7)],
      ),
      kevent('kq', [kev('READ', 'r', 'DISABLE')], []),
      kevent('kq', [kev('READ', 'r', 'ENABLE'), trigger(7)], [told('READ', 'r'), told('USER', 7)]),
      kevent('kq', [trigger(7), kev('READ', 'r', 'DELETE'), kev('USER', 7, 'DELETE')], []),
    ],
  }),
  kqueueCheck({
    id: 'kq.nevents-zero-returns',
    statement:
      'With no room for events kevent makes the changes and returns 0 at once, whatever its timeout.',
    kind: 'time',
    source:
      'kqueue(2): "When nevents is zero, kevent() will return immediately even if there is a timeout specified"',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      kevent('kq', [kev('READ', 'r', 'ADD')], 0, { room: 0, timeoutMs: 10_000, atMostMs: PROMPT_MS }),
      write('w', 1),
      kevent('kq', [kev('USER', 7, 'ADD')], 0, { room: 0, timeoutMs: 10_000, atMostMs: PROMPT_MS }),
      kevent('kq', [], 0, { room: 0, timeoutMs: 10_000, atMostMs: PROMPT_MS }),
      events('kq', [told('READ', 'r', { data: 1 })]),
    ],
  }),
  kqueueCheck({
    id: 'kq.nevents-negative',
    statement: 'A negative number of events or of changes fails with EINVAL.',
    level: 'de-facto',
    source: 'FreeBSD D30480; libkqueue',
    differs: 'NetBSD waits for ever, and the others say nothing of it.',
    steps: [
      requireSystem('EINVAL for a negative number of events', 'freebsd', 'freebsd11', 'libkqueue'),
      kqueue('kq'),
      change('kq', kev('USER', 7, 'ADD')),
      change('kq', trigger(7)),
      kevent('kq', [], 'EINVAL', { room: -1 }),
      kevent('kq', [], 'EINVAL', { changeCount: -1 }),
      events('kq', [told('USER', 7)]),
    ],
  }),
  kqueueCheck({
    id: 'kq.null-timeout-blocks',
    statement: 'Without a timeout kevent blocks until an event comes; with one of zero it returns at once.',
    kind: 'thread',
    source: 'kqueue(2); FreeBSD tests',
    threads: 1,
    run(machine) {
      machine.run(
        pipe('r', 'w'),
        kqueue('kq'),
        change('kq', [kev('USER', 7, 'ADD|CLEAR'), kev('READ', 'r', 'ADD')]),
        events('kq', [], { atMostMs: PROMPT_MS }),
        events('kq', [], { timeoutMs: 20 }),
        thread('waiter', events('kq', [told('USER', 7)], { timeoutMs: null })),
      )
      try {
        machine.run(blocked('waiter'), change('kq', trigger(7)), join('waiter'))
      } finally {
        // A thread that the trigger has not woken must not wait for ever: others need it.
        sys(machine.libc, 'write', machine.fd('w'), scratch(1).address, 1)
      }
    },
  }),
  kqueueCheck({
    id: 'kq.timeout-invalid',
    statement: 'A timeout that is negative, or has 1,000,000,000 nanoseconds or more, fails with EINVAL.',
    source: 'kqueue(2), ERRORS; FreeBSD tests',
    why: 'A deadline that has passed makes a negative timeout: taken for none at all, the program sleeps for ever.',
    // An event is there, so that a wait without end is none.
    steps: [
      kqueue('kq'),
      change('kq', [kev('USER', 7, 'ADD'), trigger(7)]),
      ...[
        { seconds: -1, nanoseconds: 0 },
        { seconds: 0, nanoseconds: 1_000_000_000 },
        { seconds: 0, nanoseconds: -1 },
      ].map((time) => kevent('kq', [], 'EINVAL', { time })),
    ],
  }),
]
