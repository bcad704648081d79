/** Polls that go on after a completion (IORING_POLL_ADD_MULTI). */
import { close, drain, pipe, read, socketpair, write } from '../../build.ts'
import { pollMulti, pollRemove } from '../../rings/requests.ts'
import { completions, ringState, setupRing, submit } from '../../steps/rings.ts'
import type { RingScenario } from './scenario.ts'

const ring = setupRing('ring')

export const multishot: readonly RingScenario[] = [
  {
    id: 'iou.poll.multi.initial',
    statement:
      'A multishot poll of what is ready completes at once, with more to come, and not again before there is another event.',
    source: 'io_uring_enter(2), IORING_POLL_ADD_MULTI; liburing poll-mshot-update',
    differs: 'A level-triggered entry of epoll is reported by every wait.',
    steps: [
      pipe('r', 'w'),
      ring,
      write('w', 1),
      submit('ring', pollMulti('p', 'r', 'IN')),
      completions('ring', { p: 'IN more' }),
      completions('ring', {}),
      read('r', 1),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { p: 'IN more' }),
    ],
  },
  {
    id: 'iou.poll.multi.later',
    statement:
      'A multishot poll completes for every event, also while nothing is read, and stays until it is removed.',
    source: 'io_uring_enter(2), IORING_POLL_ADD_MULTI; liburing poll-mshot-update',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollMulti('p', 'r', 'IN')),
      completions('ring', {}),
      ...Array.from({ length: 20 }, () => [write('w', 1), completions('ring', { p: 'IN more' })]).flat(),
      drain('r'),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { p: 'IN more' }),
      submit('ring', pollRemove('remove', 'p')),
      completions('ring', { p: 'ECANCELED', remove: '0' }),
      write('w', 1),
      completions('ring', {}),
    ],
  },
  {
    id: 'iou.poll.multi.two',
    statement: 'Several multishot polls of one descriptor each complete for every event that is theirs.',
    source: 'io_uring_enter(2), IORING_POLL_ADD_MULTI',
    steps: [
      socketpair('a', 'b'),
      ring,
      submit(
        'ring',
        pollMulti('in', 'a', 'IN'),
        pollMulti('also in', 'a', 'IN'),
        pollMulti('pri', 'a', 'PRI'),
      ),
      completions('ring', {}),
      write('b', 1),
      completions('ring', { in: 'IN more', 'also in': 'IN more' }),
      write('b', 1),
      completions('ring', { in: 'IN more', 'also in': 'IN more' }),
      submit('ring', pollRemove('remove', 'in')),
      completions('ring', { remove: '0', in: 'ECANCELED' }),
      write('b', 1),
      completions('ring', { 'also in': 'IN more' }),
    ],
  },
  {
    id: 'iou.poll.multi.hup',
    statement: 'The end of a pipe is IN and HUP for a multishot poll, which goes on after it.',
    level: 'de-facto',
    source: 'measured (Linux 6.18)',
    steps: [
      pipe('r', 'w'),
      ring,
      write('w', 1),
      submit('ring', pollMulti('p', 'r', 'IN')),
      completions('ring', { p: 'IN more' }),
      close('w'),
      completions('ring', { p: 'IN|HUP more' }),
      submit('ring', pollRemove('remove', 'p')),
      completions('ring', { p: 'ECANCELED', remove: '0' }),
    ],
  },
  {
    id: 'iou.poll.multi.overflow',
    statement:
      'With the completion ring full a multishot poll ends: what does not fit is kept and told of by a flag, and the last completion says that there are no more.',
    source: 'io_uring(7), IORING_SQ_CQ_OVERFLOW; liburing poll-mshot-overflow',
    why: 'Who does not arm the poll again after a completion without IORING_CQE_F_MORE is never told of an event again.',
    bugs: ['silk#80: a multishot that had ended because its ring was full was taken for one that goes on'],
    steps: [
      pipe('r', 'w'),
      setupRing('ring', { entries: 1, completions: 2 }),
      submit('ring', pollMulti('p', 'r', 'IN')),
      write('w', 1),
      write('w', 1),
      ringState('ring', 'CQ_OVERFLOW', 'not set'),
      write('w', 1),
      ringState('ring', 'CQ_OVERFLOW', 'set'),
      write('w', 1),
      completions('ring', { p: ['IN more', 'IN more', 'IN'] }),
      ringState('ring', 'CQ_OVERFLOW', 'not set'),
      write('w', 1),
      completions('ring', {}),
      submit('ring', pollRemove('remove', 'p')),
      completions('ring', { remove: 'ENOENT' }),
      submit('ring', pollMulti('p', 'r', 'IN')),
      completions('ring', { p: 'IN more' }),
    ],
  },
]

/** What holds where this thread itself works its completions off, between one call and the next. */
export const immediate: readonly RingScenario[] = [
  {
    id: 'iou.poll.multi.each-wake',
    statement: 'Three writes that nobody reads are three completions of a multishot poll.',
    level: 'de-facto',
    source: 'liburing poll-mshot-update; axboe/liburing#1014',
    differs: 'Where the completions are worked off later (SQPOLL, DEFER_TASKRUN), several events may be one.',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollMulti('p', 'r', 'IN')),
      write('w', 1),
      write('w', 1),
      write('w', 1),
      completions('ring', { p: ['IN more', 'IN more', 'IN more'] }),
    ],
  },
  {
    id: 'iou.poll.multi.stale-in',
    statement:
      'What is read before the completion is taken was still there when it was posted: the completion stays.',
    level: 'quirk',
    source: 'axboe/liburing#849; lxc/lxc#4304',
    why: 'Who reads from a blocking descriptor because of such a completion sleeps.',
    bugs: ['lxc/lxc#4304: a read after a completion of a multishot poll hung'],
    differs: 'epoll asks again when it is waited for, kqueue runs its filter again.',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollMulti('p', 'r', 'IN')),
      write('w', 1),
      drain('r'),
      completions('ring', { p: 'IN more' }),
      completions('ring', {}),
    ],
  },
  {
    id: 'iou.poll.multi.woken-bits',
    statement:
      'A completion of a multishot poll has the bits of the event alone: IN of a socket that is also writable.',
    level: 'quirk',
    source: 'measured (Linux 6.18)',
    differs: 'epoll tells all that is true when it is waited for.',
    steps: [
      socketpair('a', 'b'),
      ring,
      submit('ring', pollMulti('p', 'a', 'IN|OUT')),
      completions('ring', { p: 'OUT more' }),
      write('b', 1),
      completions('ring', { p: 'IN more' }),
    ],
  },
]
