import { close, pipe, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { PROMPT_MS } from '../../patience.ts'
import { change, events, failed, kev, kevent, kqueue, receipt, told } from '../../steps/kevents.ts'

const trigger = (ident: number) => kev('USER', ident, '', { fflags: 'TRIGGER' })

/** What becomes of changes that fail, and of those that want receipts. */
export const errors: readonly Check[] = [
  kqueueCheck({
    id: 'kq.error-in-eventlist',
    statement:
      'A change that fails is an entry with EV_ERROR, its errno, and its own identifier, filter and udata; later changes are made.',
    source: 'kqueue(2); FreeBSD tests; libevent, which asks so whether kqueue works',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      kevent(
        'kq',
        [
          kev('READ', 'r', 'DELETE', { label: 'first' }),
          kev('USER', 7, 'ADD|CLEAR'),
          kev('READ', -1, 'ADD', { label: 'third' }),
        ],
        [failed('READ', 'r', 'ENOENT', { label: 'first' }), failed('READ', -1, 'EBADF', { label: 'third' })],
        { room: 2 },
      ),
      kevent('kq', [trigger(7)], [told('USER', 7)]),
    ],
  }),
  kqueueCheck({
    id: 'kq.error-in-eventlist.room',
    statement: 'The entries of changes that fail are returned, and counted, also where there is more room.',
    source: 'kqueue(2); kern_event.c of FreeBSD, which returns them at once, without waiting',
    why: 'A program that passes its whole array, as most do, would never learn that a change failed.',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      kevent('kq', [kev('READ', 'r', 'DELETE')], [failed('READ', 'r', 'ENOENT')], { room: 8 }),
      kevent('kq', [kev('READ', -1, 'ADD')], [failed('READ', -1, 'EBADF')], {
        room: 8,
        timeoutMs: PROMPT_MS + 1000,
        atMostMs: PROMPT_MS,
      }),
    ],
  }),
  kqueueCheck({
    id: 'kq.error-no-room',
    statement:
      'Without room for its entry a change that fails is the errno of the call, and later changes are not made.',
    source: 'kqueue(2); FreeBSD tests; elfuse#5',
    bugs: ['sysprog21/elfuse#5: what the changes after one that had failed were to add was leaked'],
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      change('kq', [kev('USER', 1, 'ADD'), kev('READ', 'r', 'DELETE'), kev('USER', 2, 'ADD')], 'ENOENT'),
      change('kq', trigger(1)),
      change('kq', trigger(2), 'ENOENT'),
      events('kq', [told('USER', 1)]),
    ],
  }),
  kqueueCheck({
    id: 'kq.receipt',
    statement:
      'A change with EV_RECEIPT is answered by an entry with EV_ERROR and its errno, or 0; one without gets none.',
    source: 'kqueue(2), EV_RECEIPT; libkqueue; FreeBSD tests',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      kevent(
        'kq',
        [
          kev('READ', 'r', 'ADD|RECEIPT', { label: 'first' }),
          kev('USER', 7, 'ADD'),
          kev('READ', 'w', 'DELETE|RECEIPT', { label: 'third' }),
          kev('USER', 7, 'DELETE|RECEIPT', { label: 'fourth' }),
        ],
        [
          receipt('READ', 'r', { label: 'first' }),
          failed('READ', 'w', 'ENOENT', { label: 'third' }),
          receipt('USER', 7, { label: 'fourth' }),
        ],
        { room: 3 },
      ),
      kevent('kq', [kev('USER', 8, 'ADD|CLEAR')], []),
      kevent('kq', [trigger(8)], [told('USER', 8)]),
    ],
  }),
  kqueueCheck({
    id: 'kq.receipt.not-drained',
    statement: 'A call with receipts returns nothing else, though there is more room: pending events stay.',
    source: 'kqueue(2): "useful for making bulk changes to a kqueue without draining any pending events"',
    steps: [
      kqueue('kq'),
      change('kq', [kev('USER', 7, 'ADD|CLEAR'), trigger(7)]),
      kevent('kq', [kev('USER', 8, 'ADD|RECEIPT')], [receipt('USER', 8)], { room: 8 }),
      events('kq', [told('USER', 7)]),
    ],
  }),
  kqueueCheck({
    id: 'kq.same-array',
    statement: 'The changes may stand in the array that events are returned in.',
    source: 'kqueue(2): "The same array may be used for the changelist and eventlist"; libuv',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      write('w', 3),
      kevent('kq', [kev('READ', 'r', 'ADD'), kev('USER', 7, 'ADD')], [told('READ', 'r', { data: 3 })], {
        sameArray: true,
      }),
      kevent(
        'kq',
        [kev('READ', 'r', 'DELETE|RECEIPT'), kev('USER', 8, 'DELETE'), kev('USER', 7, 'DELETE|RECEIPT')],
        [receipt('READ', 'r'), failed('USER', 8, 'ENOENT'), receipt('USER', 7)],
        { sameArray: true, room: 3 },
      ),
    ],
  }),
  kqueueCheck({
    id: 'kq.bad-fd',
    statement: 'Adding a descriptor that is not open fails with EBADF, for READ, WRITE and VNODE.',
    source: 'kqueue(2), ERRORS; libevent',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      close('r'),
      change('kq', kev('READ', 'r', 'ADD'), 'EBADF'),
      change('kq', kev('WRITE', 'r', 'ADD'), 'EBADF'),
      change('kq', kev('VNODE', 'r', 'ADD', { fflags: 'WRITE' }), 'EBADF'),
      change('kq', kev('READ', -1, 'ADD'), 'EBADF'),
      change('kq', kev('READ', 1_000_000, 'ADD'), 'EBADF'),
    ],
  }),
  kqueueCheck({
    id: 'kq.bad-fd.kqueue',
    statement: 'On a descriptor that is not open, or is no kqueue, kevent fails with EBADF.',
    source: 'kqueue(2), ERRORS',
    steps: [
      pipe('r', 'w'),
      kevent('r', [], 'EBADF'),
      kqueue('kq'),
      close('kq'),
      kevent('kq', [kev('USER', 7, 'ADD')], 'EBADF', { room: 1 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.bad-filter',
    statement: 'A filter that is none fails with EINVAL.',
    source: 'kqueue(2), ERRORS; FreeBSD tests',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      ...[-100, -0x7fff, 100].map((filter) => change('kq', kev(filter, 'r', 'ADD'), 'EINVAL')),
      kevent('kq', [kev(-100, 'r', 'ADD')], [failed(-100, 'r', 'EINVAL')], { room: 1 }),
    ],
  }),
]
