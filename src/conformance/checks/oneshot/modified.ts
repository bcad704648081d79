/** A one-shot entry that has gone off and is modified to something unusual. */
import { add, close, epoll, mod, pipe, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'

export const modified: readonly Check[] = [
  epollCheck({
    id: 'epoll.oneshot.mod-to-nothing',
    statement:
      'An entry that has gone off and is modified to no events is armed again: the hang-up of its peer is reported.',
    source: 'epoll_ctl(2): EPOLLHUP and EPOLLERR are always waited for; measured',
    steps: ['0', 'ONESHOT'].flatMap((events) => [
      pipe(`r${events}`, `w${events}`),
      epoll(`ep${events}`),
      add(`ep${events}`, `r${events}`, 'IN|ONESHOT'),
      write(`w${events}`, 1),
      wait(`ep${events}`, { [`r${events}`]: 'IN' }),
      mod(`ep${events}`, `r${events}`, events),
      wait(`ep${events}`, {}),
      close(`w${events}`),
      wait(`ep${events}`, { [`r${events}`]: 'HUP' }),
      wait(`ep${events}`, events === '0' ? { [`r${events}`]: 'HUP' } : {}),
    ]),
  }),
  epollCheck({
    id: 'epoll.oneshot.mod-refused',
    statement: 'A MOD that is refused does not arm an entry that has gone off, nor give another edge.',
    source: 'epoll_ctl(2), EINVAL: EPOLLEXCLUSIVE with MOD; measured',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ONESHOT'),
      epoll('edges'),
      add('edges', 'r', 'IN|ET'),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      wait('edges', { r: 'IN' }),
      mod('ep', 'r', 'IN|EXCLUSIVE', { expect: 'EINVAL' }),
      mod('edges', 'r', 'IN|ET|EXCLUSIVE', { expect: 'EINVAL' }),
      wait('ep', {}),
      wait('edges', {}),
      mod('ep', 'r', 'IN|ONESHOT'),
      wait('ep', { r: 'IN' }),
    ],
  }),
]
