/** What becomes of requests in general: those before and after each other, and those of other rings. */
import { pipe, write } from '../../build.ts'
import { message, nothingToDo, pollAdd, pollMulti, pollRemove } from '../../rings/requests.ts'
import { completions, setupRing, submit } from '../../steps/rings.ts'
import type { RingScenario } from './scenario.ts'

const ring = setupRing('ring')
const LINK = { flags: ['IO_LINK'] } as const

export const submission: readonly RingScenario[] = [
  {
    id: 'iou.submit.wraps',
    statement:
      'Every request is completed once, with the number that it was given, also when indices have gone around the rings.',
    source: 'io_uring(7); liburing nop',
    steps: [
      setupRing('ring', { entries: 4 }),
      ...Array.from({ length: 12 }, (_, round) => [
        submit('ring', nothingToDo(`a${round}`), nothingToDo(`b${round}`), nothingToDo(`c${round}`)),
        completions('ring', { [`a${round}`]: '0', [`b${round}`]: '0', [`c${round}`]: '0' }),
      ]).flat(),
    ],
  },
  {
    id: 'iou.link.waits',
    statement:
      'A linked request begins when the one before it has completed: a poll holds back what follows it.',
    source: 'io_uring_enter(2), IOSQE_IO_LINK; liburing link',
    steps: [
      pipe('r', 'w'),
      ring,
      submit(
        'ring',
        pollAdd('p', 'r', 'IN', LINK),
        nothingToDo('after', LINK),
        nothingToDo('last'),
        nothingToDo('free'),
      ),
      completions('ring', { free: '0' }),
      write('w', 1),
      completions('ring', { p: 'IN', after: '0', last: '0' }),
    ],
  },
  {
    id: 'iou.link.fails',
    statement: 'Where a linked request fails, those after it are not begun, and give ECANCELED.',
    source: 'io_uring_enter(2), IOSQE_IO_LINK; liburing link',
    steps: [
      pipe('r', 'w'),
      ring,
      submit('ring', pollAdd('bad', -1, 'IN', LINK), nothingToDo('after')),
      completions('ring', { bad: 'EBADF', after: 'ECANCELED' }),
      submit('ring', pollAdd('p', 'r', 'IN', LINK), nothingToDo('after'), nothingToDo('free')),
      completions('ring', { free: '0' }),
      submit('ring', pollRemove('remove', 'p')),
      completions('ring', { remove: '0', p: 'ECANCELED', after: 'ECANCELED' }),
      // A hard link does not mind.
      submit('ring', pollAdd('bad', -1, 'IN', { flags: ['IO_HARDLINK'] }), nothingToDo('after')),
      completions('ring', { bad: 'EBADF', after: '0' }),
    ],
  },
  {
    id: 'iou.submit.drain',
    statement:
      'A request that drains begins when all before it have completed, and those after it wait for it.',
    source: 'io_uring_enter(2), IOSQE_IO_DRAIN; liburing defer',
    steps: [
      pipe('r', 'w'),
      // One of its own: a ring that was once given IOSQE_CQE_SKIP_SUCCESS refuses to drain for ever.
      setupRing('ring', { entries: 8 }),
      submit(
        'ring',
        pollAdd('p', 'r', 'IN'),
        nothingToDo('drains', { flags: ['IO_DRAIN'] }),
        nothingToDo('after'),
      ),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { p: 'IN', drains: '0', after: '0' }),
    ],
  },
  {
    id: 'iou.submit.skip-success',
    statement:
      'A request that asks for no completion of a success (IOSQE_CQE_SKIP_SUCCESS) posts one if it fails.',
    source: 'io_uring_enter(2), IOSQE_CQE_SKIP_SUCCESS; liburing skip-cqe',
    steps: [
      pipe('r', 'w'),
      ring,
      write('w', 1),
      submit('ring', pollAdd('quiet', 'r', 'IN', { flags: ['CQE_SKIP_SUCCESS'] }), nothingToDo('loud')),
      completions('ring', { loud: '0' }),
      submit('ring', pollAdd('bad', -1, 'IN', { flags: ['CQE_SKIP_SUCCESS'] })),
      completions('ring', { bad: 'EBADF' }),
      submit('ring', pollMulti('p', 'r', 'IN', { flags: ['CQE_SKIP_SUCCESS'] })),
      completions('ring', { p: 'EINVAL' }),
    ],
  },
  {
    id: 'iou.msg-ring',
    statement:
      'A message is one completion of the other ring, with the result and the user_data that it was given.',
    source: 'io_uring_enter(2), IORING_OP_MSG_RING; liburing msg-ring',
    why: 'It is how one thread wakes the ring of another.',
    steps: [
      pipe('r', 'w'),
      ring,
      setupRing('other'),
      submit('ring', message('send', 'other', 'hello', 42)),
      completions('ring', { send: '0' }),
      completions('other', { hello: '42' }),
      submit('ring', message('one', 'other', 'first', 1), message('two', 'other', 'second', 2)),
      completions('ring', { one: '0', two: '0' }),
      completions('other', { first: '1', second: '2' }),
      submit('ring', message('quiet', 'other', 'third', 3, { flags: ['CQE_SKIP_SUCCESS'] })),
      completions('ring', {}),
      completions('other', { third: '3' }),
      submit('ring', message('no ring', 'r', 'nobody', 0)),
      completions('ring', { 'no ring': 'EBADFD' }),
    ],
  },
]
