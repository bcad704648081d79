/** Draws of what speaks epoll as C does, instances that watch each other among it. */
import { draws, maskOf, oneOf, pick } from './draw.ts'
import type { Draws } from './draw.ts'
import { sources } from './names.ts'

const events = maskOf({
  IN: 70,
  OUT: 40,
  RDHUP: 30,
  RDNORM: 10,
  WRBAND: 10,
  PRI: 5,
  ET: 40,
  ONESHOT: 15,
  EXCLUSIVE: 5,
})

export const epollDraws: readonly Draws[] = [
  draws(4, {}, (names) => ({ op: 'epoll', as: names.make('epoll') })),
  draws(
    28,
    { ep: pick, command: oneOf('ADD', 'ADD', 'ADD', 'ADD', 'MOD', 'MOD', 'DEL'), fd: pick, events },
    (names, { ep, command, fd, events: mask }) => {
      const first = [...names.need(['epoll']), ...names.need(sources)]
      // Now and then an instance watches another one, or itself.
      const watched = names.choose(fd, fd.pick % 5 === 0 ? ['epoll'] : sources)
      const given = command === 'DEL' ? {} : { events: mask, label: names.label(watched) }
      return [...first, { op: 'epoll_ctl', ep: names.choose(ep, ['epoll']), command, fd: watched, ...given }]
    },
  ),
  draws(28, { ep: pick, max: oneOf(16, 16, 16, 16, 2, 2, 1, 1, 1, 1, 0) }, (names, { ep, max }) => [
    ...names.need(['epoll']),
    { op: 'epoll_wait', ep: names.choose(ep, ['epoll']), max },
  ]),
]
