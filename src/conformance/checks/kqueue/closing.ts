import { call, close, dup, pipe, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import { change, events, kev, kqueue, told } from '../../steps/kevents.ts'

/** What becomes of registrations whose descriptor is closed. */
export const closing: readonly Check[] = [
  kqueueCheck({
    id: 'kq.read.closed-fd',
    statement:
      'Closing a descriptor ends its registrations: none of its events comes, and its number can be added anew.',
    source:
      'kqueue(2): "Calling close() on a file descriptor will remove any kevents that reference the descriptor"',
    why: 'Numbers are used again at once: the event of an old registration would go to the wrong connection.',
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      kqueue('kq'),
      write('w', 1),
      change('kq', kev('READ', 'r', 'ADD', { label: 'old' })),
      close('r'),
      events('kq', []),
      call('dup2', ['$r2', '$r'], 'ok', 'new'),
      write('w2', 2),
      events('kq', []),
      change('kq', kev('READ', 'new', 'DELETE'), 'ENOENT'),
      change('kq', kev('READ', 'new', 'ADD')),
      events('kq', [told('READ', 'new', { data: 2 })]),
    ],
  }),
  kqueueCheck({
    id: 'life.kq-close-removes',
    statement:
      'What was pending for a descriptor that is closed is not reported, for READ, WRITE and with EV_CLEAR.',
    source:
      'kqueue(2): "Calling close() on a file descriptor will remove any kevents that reference the descriptor"',
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      kqueue('kq'),
      write('w', 1),
      write('w2', 1),
      change('kq', [kev('READ', 'r', 'ADD'), kev('READ', 'r2', 'ADD|CLEAR'), kev('WRITE', 'w', 'ADD')]),
      close('r'),
      close('r2'),
      close('w'),
      events('kq', []),
      events('kq', [], { timeoutMs: 10 }),
    ],
  }),
  kqueueCheck({
    id: 'life.kq-dup-not-tracked',
    statement: 'Closing a descriptor ends its registration, also while a duplicate of it is open.',
    level: 'de-facto',
    source: 'FreeBSD tests',
    differs: 'epoll goes on to report it, with the data of the number that is closed.',
    steps: [
      pipe('r', 'w'),
      dup('r', 'r2'),
      kqueue('kq'),
      write('w', 1),
      change('kq', kev('READ', 'r', 'ADD')),
      close('r'),
      events('kq', []),
    ],
  }),
]
