import { EPOLL_CTL, O } from '../../../libc/constants/linux.ts'
import { NULL } from '../../../libc/signatures.ts'
import { add, call, close, del, dup, epoll, eventfd, mod, pipe, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { ctl, EVENT } from './arguments.ts'

const { ADD, DEL, MOD } = EPOLL_CTL
const OPERATIONS = [ADD, MOD, DEL]

/** Numbers that are no operation of epoll_ctl. */
const NO_OPERATIONS = [0, 42, 99, -1]

/** A number above every limit of descriptors. */
const HUGE = 0x7fffffff

export const errors: readonly Check[] = [
  epollCheck({
    id: 'epoll.ctl.bad-epfd',
    statement: 'epoll_ctl on a number that is no open descriptor fails with EBADF.',
    source: 'epoll_ctl(2); LTP epoll_ctl02; measured',
    steps: [
      pipe('r', 'w'),
      epoll('closed'),
      close('closed'),
      ...OPERATIONS.flatMap((operation) => [
        ctl(-1, operation, '$r', EVENT, 'EBADF'),
        ctl('$closed', operation, '$r', EVENT, 'EBADF'),
        ctl(HUGE, operation, '$r', EVENT, 'EBADF'),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.bad-fd',
    statement: 'Adding, modifying or deleting a number that is no open descriptor fails with EBADF.',
    source: 'epoll_ctl(2); LTP epoll_ctl02; StarryOS; measured',
    steps: [
      epoll('ep'),
      pipe('closed', 'w'),
      close('closed'),
      ...OPERATIONS.flatMap((operation) => [
        ctl('$ep', operation, -1, EVENT, 'EBADF'),
        ctl('$ep', operation, '$closed', EVENT, 'EBADF'),
        ctl('$ep', operation, HUGE, EVENT, 'EBADF'),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.not-epoll',
    statement: 'epoll_ctl on a descriptor that is no epoll fails with EINVAL.',
    source: 'epoll_ctl(2); LTP; epoll-shim; measured',
    steps: [
      pipe('r', 'w'),
      eventfd('e'),
      ...OPERATIONS.flatMap((operation) => [
        ctl('$r', operation, '$w', EVENT, 'EINVAL'),
        ctl('$e', operation, '$w', EVENT, 'EINVAL'),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.self',
    statement:
      'An epoll cannot be an entry of itself, also by a duplicate of its descriptor: EINVAL, whatever the operation.',
    source: 'epoll_ctl(2); LTP epoll_ctl02; gVisor; measured',
    steps: [
      epoll('ep'),
      dup('ep', 'again'),
      ...(['$ep', '$again'] as const).flatMap((fd) =>
        [...OPERATIONS, 99].map((operation) => ctl('$ep', operation, fd, EVENT, 'EINVAL')),
      ),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.bad-op',
    statement: 'An unknown operation fails with EINVAL, on an entry and on a descriptor that is none.',
    source: 'epoll_ctl(2); LTP; Shadow test_ctl_invalid_op; measured',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      ...NO_OPERATIONS.flatMap((operation) => [
        ctl('$ep', operation, '$r', EVENT, 'EINVAL'),
        ctl('$ep', operation, '$w', EVENT, 'EINVAL'),
      ]),
      // Nothing of it has changed the entry or made one.
      write('w', 1),
      wait('ep', { r: 'IN' }),
      del('ep', 'w', 'ENOENT'),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.null-event',
    statement: 'A null event is EFAULT for every operation but DEL, before anything else is looked at.',
    source: 'epoll-shim invalid_op; Miri; measured',
    differs: 'gVisor looks at the event last: EBADF and EINVAL come first there.',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      ctl('$ep', ADD, '$r', NULL, 'EFAULT'),
      del('ep', 'r', 'ENOENT'),
      add('ep', 'r', 'IN'),
      ctl('$ep', MOD, '$r', NULL, 'EFAULT'),
      ctl(-1, ADD, '$r', NULL, 'EFAULT'),
      ctl('$ep', ADD, -1, NULL, 'EFAULT'),
      ctl('$ep', 42, '$r', NULL, 'EFAULT'),
      ctl('$ep', ADD, '$ep', NULL, 'EFAULT'),
      write('w', 1),
      wait('ep', { r: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.del-null-event',
    statement: 'DEL does not look at its event: it may be null, or an address that is not mapped.',
    source: 'epoll_ctl(2), Linux 2.6.9; epoll-shim; nanovms/nanos#1033 (page fault)',
    bugs: ['nanovms/nanos#1033: a page fault in the kernel'],
    differs: 'Linux before 2.6.9 required an event that is not null.',
    steps: [
      pipe('r', 'w'),
      write('w', 1),
      epoll('ep'),
      ...[NULL, 'bad-pointer' as const].flatMap((event) => [
        add('ep', 'r', 'IN'),
        wait('ep', { r: 'IN' }),
        ctl('$ep', DEL, '$r', event, 0),
        wait('ep', {}),
        ctl('$ep', DEL, '$r', event, 'ENOENT'),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.error-precedence',
    statement:
      'Of several errors the first of these is told: EFAULT, EBADF, EPERM, EINVAL, EEXIST or ENOENT, and last an unknown operation.',
    level: 'quirk',
    source: 'epoll-shim; sysprog21/elfuse#332; measured',
    bugs: ['sysprog21/elfuse#332: EPERM and ENOENT were mixed up'],
    differs:
      'Linux: EFAULT, EBADF, EPERM, EINVAL, then EEXIST or ENOENT. gVisor: EBADF of the epoll, EINVAL, EBADF of the descriptor, EFAULT; deleting a regular file is ENOENT there.',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      call('open', [{ text: '/' }, O.RDONLY | O.CLOEXEC, 0], 'ok', 'directory'),
      ctl(-1, ADD, -1, NULL, 'EFAULT'),
      ctl('$ep', ADD, '$directory', NULL, 'EFAULT'),
      ctl(-1, ADD, '$directory', EVENT, 'EBADF'),
      ctl('$w', ADD, -1, EVENT, 'EBADF'),
      ctl(-1, 99, '$r', EVENT, 'EBADF'),
      ctl('$w', ADD, '$directory', EVENT, 'EPERM'),
      ctl('$ep', DEL, '$directory', NULL, 'EPERM'),
      ctl('$ep', 99, '$directory', EVENT, 'EPERM'),
      // An exclusive entry must not ask for RDHUP, and cannot be made by MOD.
      add('ep', 'r', 'IN|RDHUP|EXCLUSIVE', { expect: 'EINVAL' }),
      mod('ep', 'w', 'OUT|EXCLUSIVE', { expect: 'EINVAL' }),
      ctl('$ep', 99, '$r', EVENT, 'EINVAL'),
    ],
  }),
]
