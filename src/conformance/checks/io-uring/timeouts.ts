/** Timeouts of a ring: alone, of the request before, and of the wait. */
import { IORING_TIMEOUT } from '../../../libc/constants/io-uring.ts'
import { pipe, write } from '../../build.ts'
import {
  linkTimeout,
  nothingToDo,
  pollAdd,
  pollMulti,
  timeoutAfter,
  timeoutRemove,
} from '../../rings/requests.ts'
import { completions, enter, setupRing, submit } from '../../steps/rings.ts'
import type { RingScenario } from './scenario.ts'

const ring = setupRing('ring')
const LINK = { flags: ['IO_LINK'] } as const
/** Longer than any check takes. */
const FAR_MS = 60_000

export const timeouts: readonly RingScenario[] = [
  {
    id: 'iou.poll.link-timeout',
    statement:
      'A linked timeout that comes first cancels the poll and gives ETIME; a poll that comes first cancels the timeout.',
    source: 'io_uring_enter(2), IORING_OP_LINK_TIMEOUT; liburing link-timeout; axboe/liburing#460',
    bugs: ['axboe/liburing#460: on Linux 5.15 a linked timeout gave EINVAL'],
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollAdd('p', 'r', 'IN', LINK), linkTimeout('time', 20)),
      completions('ring', { p: 'ECANCELED', time: 'ETIME' }, { atLeastMs: 20 }),
      write('w', 1),
      completions('ring', {}),
      submit('ring', pollAdd('p', 'r', 'IN', LINK), linkTimeout('time', FAR_MS)),
      completions('ring', { p: 'IN', time: 'ECANCELED' }),
      submit('ring', pollAdd('p', 'r', 'PRI', LINK), linkTimeout('time', FAR_MS)),
      completions('ring', {}),
    ],
  },
  {
    id: 'iou.poll.link-timeout.later',
    statement: 'A poll that completes while its linked timeout runs cancels the timeout.',
    source: 'io_uring_enter(2), IORING_OP_LINK_TIMEOUT; liburing link-timeout',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollAdd('p', 'r', 'IN', LINK), linkTimeout('time', FAR_MS)),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { p: 'IN', time: 'ECANCELED' }),
    ],
  },
  {
    id: 'iou.poll.link-timeout.alone',
    statement: 'A linked timeout without a request before it is refused with EINVAL.',
    source: 'io_uring_enter(2), IORING_OP_LINK_TIMEOUT; liburing link-timeout',
    steps: [
      ring,
      submit('ring', linkTimeout('time', FAR_MS)),
      completions('ring', { time: 'EINVAL' }),
      submit('ring', nothingToDo('nop'), linkTimeout('time', FAR_MS)),
      completions('ring', { nop: '0', time: 'EINVAL' }),
    ],
  },
  {
    id: 'iou.timeout.never-early',
    statement: 'A timeout completes with ETIME, once, and never before its time.',
    source: 'io_uring_enter(2), IORING_OP_TIMEOUT; liburing timeout',
    steps: [
      ring,
      ...[0.25, 1, 1.5, 2, 2.5, 3.5, 5, 7.5, 7.5, 20, 50].flatMap((ms) => [
        submit('ring', timeoutAfter('time', ms)),
        completions('ring', { time: 'ETIME' }, { atLeastMs: ms }),
      ]),
      submit('ring', timeoutAfter('now', 0)),
      completions('ring', { now: 'ETIME' }),
    ],
  },
  {
    id: 'iou.timeout.count',
    statement: 'A timeout with a count gives 0 when so many other requests have completed, and not before.',
    source: 'io_uring_enter(2), IORING_OP_TIMEOUT; liburing timeout',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', timeoutAfter('time', FAR_MS, { count: 2 })),
      completions('ring', {}),
      submit('ring', nothingToDo('first')),
      completions('ring', { first: '0' }),
      submit('ring', pollAdd('second', 'w', 'OUT')),
      completions('ring', { second: 'OUT', time: '0' }),
    ],
  },
  {
    id: 'iou.timeout.remove',
    statement: 'Removing a timeout gives 0, and the timeout ECANCELED; one that is not there gives ENOENT.',
    source: 'io_uring_enter(2), IORING_OP_TIMEOUT_REMOVE; liburing timeout',
    steps: [
      ring,
      submit('ring', timeoutAfter('time', FAR_MS)),
      submit('ring', timeoutRemove('remove', 'time')),
      completions('ring', { time: 'ECANCELED', remove: '0' }),
      submit('ring', timeoutRemove('remove', 'time')),
      completions('ring', { remove: 'ENOENT' }),
      submit('ring', timeoutAfter('time', 1)),
      completions('ring', { time: 'ETIME' }),
      submit('ring', timeoutRemove('remove', 'time')),
      completions('ring', { remove: 'ENOENT' }),
    ],
  },
  {
    id: 'iou.timeout.beside-poll',
    statement: 'A timeout that ends touches no poll, and a poll that completes no timeout.',
    source: 'io_uring_enter(2), IORING_OP_TIMEOUT',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollMulti('p', 'r', 'IN'), timeoutAfter('time', 10), timeoutAfter('far', FAR_MS)),
      completions('ring', { time: 'ETIME' }, { atLeastMs: 10 }),
      write('w', 1),
      completions('ring', { p: 'IN more' }),
    ],
  },
  {
    id: 'iou.timeout.multishot',
    statement: 'A multishot timeout gives ETIME with more to come as often as it was told, and then without.',
    source: 'io_uring_enter(2), IORING_TIMEOUT_MULTISHOT; liburing timeout',
    steps: [
      ring,
      submit('ring', timeoutAfter('time', 5, { count: 3, timeoutFlags: IORING_TIMEOUT.MULTISHOT })),
      completions('ring', { time: ['ETIME more', 'ETIME more', 'ETIME'] }, { atLeastMs: 15 }),
    ],
  },
]

/** The wait of io_uring_enter itself. */
export const waits: readonly RingScenario[] = [
  {
    id: 'iou.enter.timeout',
    statement:
      'io_uring_enter with a timeout gives ETIME when it is over, and not before; nothing completes by that.',
    source: 'io_uring_enter(2), IORING_ENTER_EXT_ARG; liburing timeout-new',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollAdd('p', 'r', 'IN')),
      ...[0.25, 2, 20, 50].map((timeoutMs) => enter('ring', 1, { timeoutMs, expect: 'ETIME' })),
      completions('ring', {}),
      enter('ring', 1, { timeoutMs: 0, expect: 'ETIME' }),
      write('w', 1),
      enter('ring', 1, { timeoutMs: FAR_MS }),
      // One of two is there, which is worth more than that the time is over.
      enter('ring', 2, { timeoutMs: 20, atLeastMs: 20 }),
      completions('ring', { p: 'IN' }),
    ],
  },
  {
    id: 'iou.enter.enough',
    statement:
      'io_uring_enter that waits for several completions returns when so many are there, and takes none of them.',
    source: 'io_uring_enter(2), min_complete',
    steps: [
      ring,
      submit('ring', nothingToDo('a'), nothingToDo('b'), timeoutAfter('time', 30)),
      enter('ring', 2, { timeoutMs: FAR_MS }),
      enter('ring', 3, { timeoutMs: FAR_MS }),
      completions(
        'ring',
        { a: '0', b: '0', time: 'ETIME' },
        { atLeastMs: 30, by: 'looking only', timeoutMs: 0 },
      ),
    ],
  },
]
