import { EFD, F, O } from '../../../libc/constants/linux.ts'
import { blocked, call, closeAll, counter, eventfd, join, signal, thread } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { expectDescriptorFlags } from '../../operations/descriptor-flags.ts'
import { runUnblocking } from './unblock.ts'
import { FULL, MAX } from './values.ts'

const flagNames = Object.keys(EFD) as (keyof typeof EFD)[]

/** All sets of flags, the empty one included. */
const flagSets = Array.from({ length: 1 << flagNames.length }, (_, bits) =>
  flagNames.filter((__, i) => (bits & (1 << i)) !== 0),
)

/** What the counter holds, and how reading and writing change it. */
export const counterChecks: readonly Check[] = [
  epollCheck({
    id: 'eventfd.flags',
    statement: 'Every mix of the three flags is accepted and takes effect; an unknown bit is EINVAL.',
    source: 'eventfd(2); StarryOS; LTP',
    run(machine) {
      for (const names of flagSets) {
        const flags = names.reduce((mask, name) => mask | EFD[name], 0)
        machine.run(call('eventfd', [2, flags], 'ok', 'e'))
        machine.begin(`eventfd(2, ${names.join('|') || '0'}): its flags`)
        expectDescriptorFlags(machine, 'e', {
          cloexec: names.includes('CLOEXEC'),
          nonblock: names.includes('NONBLOCK'),
        })
        machine.run(counter('e', names.includes('SEMAPHORE') ? '1' : '2'), closeAll())
      }
      for (const unknown of [2, 4, 1 << 30]) machine.run(call('eventfd', [0, unknown], 'EINVAL'))
    },
  }),
  epollCheck({
    id: 'eventfd.nonblock-by-fcntl',
    statement:
      'Reads and writes obey O_NONBLOCK as fcntl has set or cleared it, whatever the eventfd was made with.',
    kind: 'thread',
    source: 'eventfd(2); fcntl(2)',
    bugs: ['jiixyj/epoll-shim#46: O_NONBLOCK'],
    threads: 1,
    run(machine) {
      machine.run(
        eventfd('e', 0, 0),
        call('fcntl', ['$e', F.SETFL, O.NONBLOCK], 0),
        counter('e', 'EAGAIN'),
        signal('e', FULL),
        signal('e', '1', 'EAGAIN'),
        counter('e', FULL),
        eventfd('blocking', 0),
        call('fcntl', ['$blocking', F.SETFL, 0], 0),
      )
      runUnblocking(machine, 'blocking', [
        thread('reader', counter('blocking', '6')),
        blocked('reader'),
        signal('blocking', '6'),
        join('reader'),
      ])
    },
  }),
  epollCheck({
    id: 'eventfd.initval',
    statement:
      'The first read gives the initial value, up to 2^32-1, or a semaphore as often as it says; with 0 there is nothing to read.',
    source: 'eventfd(2); StarryOS; LTP',
    steps: [
      eventfd('zero', 0),
      counter('zero', 'EAGAIN'),
      eventfd('some', 42),
      counter('some', '42'),
      counter('some', 'EAGAIN'),
      eventfd('semaphore', 3, EFD.NONBLOCK | EFD.SEMAPHORE),
      ...['1', '1', '1', 'EAGAIN'].map((value) => counter('semaphore', value)),
      eventfd('most', 0xffffffff),
      counter('most', '4294967295'),
      counter('most', 'EAGAIN'),
    ],
  }),
  epollCheck({
    id: 'eventfd.read-resets',
    statement: 'Writes add up, a read gives the sum and leaves nothing.',
    source: 'eventfd(2); LTP; epoll-shim',
    steps: [
      eventfd('e'),
      signal('e', '3'),
      signal('e', '4'),
      counter('e', '7'),
      counter('e', 'EAGAIN'),
      // Both halves of the counter count.
      signal('e', '4294967296'),
      signal('e', '4294967295'),
      counter('e', '8589934591'),
      counter('e', 'EAGAIN'),
    ],
  }),
  epollCheck({
    id: 'eventfd.write-max-einval',
    statement: 'Writing 2^64-1 is EINVAL, whatever the counter holds, and leaves it as it was.',
    source: 'eventfd(2); LTP; gVisor; measured',
    steps: [
      eventfd('e'),
      signal('e', MAX, 'EINVAL'),
      counter('e', 'EAGAIN'),
      signal('e', '5'),
      signal('e', MAX, 'EINVAL'),
      counter('e', '5'),
      signal('e', FULL),
      signal('e', MAX, 'EINVAL'),
      counter('e', FULL),
    ],
  }),
  epollCheck({
    id: 'eventfd.write-overflow-eagain',
    statement:
      'A write that does not fit is EAGAIN and changes nothing, or blocks until a read has made room; 0 always fits.',
    kind: 'thread',
    source: 'eventfd(2); LTP; StarryOS; gVisor',
    threads: 1,
    run(machine) {
      machine.run(
        eventfd('e'),
        signal('e', FULL),
        signal('e', '1', 'EAGAIN'),
        signal('e', '0'),
        counter('e', FULL),
        signal('e', '2'),
        signal('e', FULL, 'EAGAIN'),
        counter('e', '2'),
        eventfd('blocking', 0, 0),
      )
      runUnblocking(machine, 'blocking', [
        signal('blocking', FULL),
        thread('writer', signal('blocking', '3')),
        blocked('writer'),
        counter('blocking', FULL),
        join('writer'),
        counter('blocking', '3'),
      ])
    },
  }),
  epollCheck({
    id: 'eventfd.efault-consumes',
    statement: 'A read into memory that is not there is EFAULT, and what the counter held is lost.',
    level: 'quirk',
    source: 'measured',
    differs: 'epoll_wait never loses what it could not write; reading an eventfd or a timerfd does.',
    steps: [eventfd('e', 3), call('read', ['$e', 'bad-pointer', 8], 'EFAULT'), counter('e', 'EAGAIN')],
  }),
]
