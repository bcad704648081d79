/** Polls of what has readiness in several places: terminals, epolls, rings. */
import { O } from '../../../libc/constants/linux.ts'
import { add, close, drain, epoll, mod, pipe, write } from '../../build.ts'
import { pollAdd, pollMulti, pollRemove } from '../../rings/requests.ts'
import { open } from '../../steps/files.ts'
import { completions, setupRing, submit } from '../../steps/rings.ts'
import { pty, slave, typeText } from '../../steps/terminals.ts'
import type { RingScenario } from './scenario.ts'

const ring = setupRing('ring')

export const files: readonly RingScenario[] = [
  {
    id: 'iou.poll.double-poll-tty',
    statement:
      'A terminal, which has two wait queues, can be polled: what comes completes the poll, on either side, and so does the end.',
    level: 'de-facto',
    source: 'axboe/liburing#117; liburing double-poll-crash',
    bugs: ['axboe/liburing#117: before Linux 5.8 a poll of a terminal failed with EINVAL'],
    steps: [
      pty('m'),
      slave('s', 'm'),
      ring,
      submit('ring', pollAdd('line', 's', 'IN'), pollAdd('pri', 's', 'PRI'), pollAdd('master', 'm', 'IN')),
      completions('ring', {}),
      typeText('m', 'a line\n'),
      completions('ring', { line: 'IN', master: 'IN' }),
      drain('s'),
      drain('m'),
      submit('ring', pollRemove('remove', 'pri'), pollAdd('out', 's', 'OUT'), pollAdd('line', 's', 'IN')),
      completions('ring', { remove: '0', pri: 'ECANCELED', out: 'OUT' }),
      submit('ring', pollAdd('master', 'm', 'IN')),
      write('s', 1),
      completions('ring', { master: 'IN' }),
      close('m'),
      // The end comes bit by bit, which a ring that is served by a thread may see.
      completions('ring', { line: 'some of IN|ERR|HUP' }),
    ],
  },
  {
    id: 'iou.poll.random',
    statement: 'The random device completes a poll at once.',
    level: 'de-facto',
    source: 'random(4); axboe/liburing#117',
    steps: [
      open('random', '/dev/random', O.RDONLY),
      ring,
      submit('ring', pollAdd('p', 'random', 'IN')),
      completions('ring', { p: 'IN' }),
    ],
  },
  {
    id: 'iou.poll-epfd',
    statement:
      'A poll of an epoll completes with IN when one of its entries becomes ready, or is ready already.',
    level: 'de-facto',
    source: 'epoll(7); liburing poll',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      ring,
      submit('ring', pollAdd('p', 'ep', 'IN|OUT'), pollMulti('many', 'ep', 'IN')),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { p: 'IN', many: 'IN more' }),
      submit('ring', pollAdd('now', 'ep', 'IN')),
      completions('ring', { now: 'IN' }),
      drain('r'),
      submit('ring', pollAdd('changed', 'ep', 'IN')),
      completions('ring', {}),
      write('w', 1),
      completions('ring', { changed: 'IN', many: 'IN more' }),
      // Level-triggered, it stays ready while nobody takes the event.
      mod('ep', 'r', 'OUT'),
      drain('r'),
      submit('ring', pollAdd('silent', 'ep', 'IN')),
      completions('ring', {}),
    ],
  },
]
