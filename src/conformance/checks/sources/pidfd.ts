import { add, blocked, epoll, join, thread, wait } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck, classicCheck } from '../../define.ts'
import { WOKEN } from '../../patience.ts'
import { endProcess, fork, pidfd, reap } from '../../steps/processes.ts'
import { askingFor } from './asking.ts'

/** The end of a process. What is reported once it was waited for is a row of the matrix of readiness. */
export const pidfdChecks: readonly Check[] = [
  classicCheck({
    id: 'pidfd.exit',
    statement:
      'A process that lives makes its pidfd nothing; its end wakes who waits, and the pidfd is readable for everybody from then on.',
    kind: 'thread',
    threads: 1,
    source: 'pidfd_open(2); gVisor; StarryOS',
    steps: (backend) => {
      const [ask, late] = [askingFor(backend, 'p'), askingFor(backend, 'other')]
      return [
        fork('child'),
        fork('sibling'),
        pidfd('p', 'child'),
        pidfd('sibling’s', 'sibling'),
        ...ask.watch,
        ask.silent(),
        thread('waiter', ask.readable(WOKEN.timeoutMs)),
        blocked('waiter'),
        // The end of another is none of its business.
        endProcess('sibling'),
        blocked('waiter'),
        endProcess('child'),
        join('waiter'),
        ask.readable(),
        ask.readable(),
        pidfd('other', 'child'),
        ...late.watch,
        late.readable(),
      ]
    },
  }),
  epollCheck({
    id: 'pidfd.exit.et',
    statement:
      'The end of a process is one event to an edge-triggered entry, whether it was added before or after.',
    kind: 'thread',
    source: 'pidfd_open(2); gVisor; measured',
    steps: [
      fork('child'),
      pidfd('p', 'child'),
      epoll('ep'),
      add('ep', 'p', 'IN|ET'),
      wait('ep', {}),
      endProcess('child'),
      wait('ep', { p: 'IN' }, WOKEN),
      wait('ep', {}, { timeoutMs: 5 }),
      epoll('later'),
      add('later', 'p', 'IN|ET'),
      wait('later', { p: 'IN' }),
      wait('later', {}),
      reap('child'),
    ],
  }),
]
