import {
  add,
  close,
  closeAll,
  del,
  drain,
  epoll,
  eventfd,
  mod,
  poll,
  select,
  socketpair,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Step } from '../../steps.ts'

/** A socket in an inner epoll, and that in an outer one, with these masks. */
export const nested = (inner: string, outer: string): Step[] => [
  socketpair('a', 'b'),
  epoll('inner'),
  epoll('outer'),
  add('inner', 'a', inner),
  add('outer', 'inner', outer),
]

const MODES = ['IN', 'IN|ET']

export const basics: readonly Check[] = [
  ...(
    [
      [
        'lt',
        'a level-triggered',
        'IN',
        { inner: 'IN' },
        'kernel selftest epoll_wakeup 17 and 18; LTP epoll_wait09',
      ],
      ['et', 'an edge-triggered', 'IN|ET', {}, 'kernel selftest epoll_wakeup 19 and 20'],
    ] as const
  ).flatMap(([mode, article, outer, again, source]) => [
    epollCheck({
      id: `epoll.nest.${mode}`,
      statement:
        mode === 'lt'
          ? 'An epoll in a level-triggered entry of another is reported on every wait while something is ready in it.'
          : 'An epoll in an edge-triggered entry of another is reported once for each write to what it watches, read or not.',
      source,
      ...(mode === 'et'
        ? {
            differs:
              'gVisor tells the outer epoll only if the inner one had not reported before: the second write, with the first unread, is no event.',
          }
        : {}),
      steps: MODES.flatMap((inner) => [
        ...nested(inner, outer),
        wait('outer', {}),
        write('b', 1),
        wait('outer', { inner: 'IN' }),
        wait('outer', again),
        write('b', 1),
        wait('outer', { inner: 'IN' }),
        wait('outer', again),
        drain('a'),
        wait('outer', {}),
        write('b', 1),
        wait('outer', { inner: 'IN' }),
        close('b'),
        wait('outer', { inner: 'IN' }),
        wait('outer', again),
        closeAll(),
      ]),
    }),
    epollCheck({
      id: `epoll.nest.poll-outer.${mode}`,
      statement: `An epoll that has another in ${article} entry is readable for poll and select when, and as often as, epoll_wait reports it.`,
      source: `kernel selftest epoll_wakeup ${mode === 'lt' ? '21 and 22' : '23 and 24'}`,
      steps: MODES.flatMap((inner) => {
        const readable = [poll({ outer: 'IN' }, { outer: 'IN' }), select({ outer: 'r' }, { outer: 'r' })]
        const silent = [poll({ outer: 'IN' }, {}), select({ outer: 'r' }, {})]
        return [
          ...nested(inner, outer),
          ...silent,
          write('b', 1),
          ...readable,
          wait('outer', { inner: 'IN' }),
          ...(mode === 'lt' ? readable : silent),
          wait('outer', again),
          write('b', 1),
          ...readable,
          wait('outer', { inner: 'IN' }),
          write('b', 1),
          ...readable,
          drain('a'),
          ...silent,
          wait('outer', {}),
          closeAll(),
        ]
      }),
    }),
  ]),
  epollCheck({
    id: 'epoll.nest.oneshot',
    statement:
      'An epoll in a one-shot entry of another is reported once, and after MOD once more if something is ready in it.',
    source: 'epoll(7); measured',
    steps: MODES.flatMap((inner) => [
      ...nested(inner, 'IN|ONESHOT'),
      write('b', 1),
      wait('outer', { inner: 'IN' }),
      wait('outer', {}),
      write('b', 1),
      wait('outer', {}),
      poll({ outer: 'IN', inner: 'IN' }, { inner: 'IN' }),
      mod('outer', 'inner', 'IN|ONESHOT', { label: 'again' }),
      wait('outer', { again: 'IN' }),
      wait('outer', {}),
      drain('a'),
      mod('outer', 'inner', 'IN|ONESHOT'),
      wait('outer', {}),
      write('b', 1),
      wait('outer', { inner: 'IN' }),
      wait('outer', {}),
      closeAll(),
    ]),
  }),
  epollCheck({
    id: 'epoll.nest.ready-inner-at-add',
    statement: 'An epoll in which something is ready already is reported as soon as it is added to another.',
    source: 'gvisor#6427',
    bugs: ['gvisor#6427: a nested epoll lost what had become ready before it was added'],
    steps: MODES.flatMap((inner) =>
      MODES.flatMap((outer) => [
        socketpair('a', 'b'),
        write('b', 1),
        epoll('inner'),
        epoll('outer'),
        add('inner', 'a', inner),
        add('outer', 'inner', outer),
        wait('outer', { inner: 'IN' }),
        del('outer', 'inner'),
        wait('outer', {}),
        add('outer', 'inner', outer, { label: 'again' }),
        wait('outer', { again: 'IN' }),
        mod('outer', 'inner', '0'),
        wait('outer', {}),
        mod('outer', 'inner', outer, { label: 'asked for' }),
        wait('outer', { 'asked for': 'IN' }),
        closeAll(),
      ]),
    ),
  }),
  epollCheck({
    id: 'epoll.nest.added-to-inner',
    statement:
      'What is added to, changed in, and taken from an epoll shows at once in another that watches it already.',
    source: 'epoll(7); measured',
    steps: [
      eventfd('e', 1),
      epoll('inner'),
      epoll('outer'),
      add('outer', 'inner', 'IN'),
      wait('outer', {}),
      add('inner', 'e', 'IN'),
      wait('outer', { inner: 'IN' }),
      mod('inner', 'e', '0'),
      wait('outer', {}),
      mod('inner', 'e', 'OUT'),
      wait('outer', { inner: 'IN' }),
      del('inner', 'e'),
      wait('outer', {}),
      add('inner', 'e', 'IN'),
      wait('outer', { inner: 'IN' }),
      close('e'),
      wait('outer', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.nest.diamond.one-fd',
    statement:
      'Two epolls that watch one descriptor, both in a third, are two entries of it: both are reported, each wait or once.',
    source: 'measured',
    steps: MODES.flatMap((outer) => [
      socketpair('a', 'b'),
      ...diamond('a', 'a', outer),
      wait('top', {}),
      write('b', 1),
      poll({ top: 'IN' }, { top: 'IN' }),
      wait('top', { left: 'IN', right: 'IN' }),
      wait('top', outer === 'IN' ? { left: 'IN', right: 'IN' } : {}),
      drain('a'),
      wait('top', {}),
      write('b', 1),
      wait('top', { left: 'IN', right: 'IN' }),
      drain('a'),
      wait('top', {}),
      poll({ top: 'IN' }, {}),
      closeAll(),
    ]),
  }),
  epollCheck({
    id: 'epoll.nest.diamond',
    statement:
      'Of two epolls in a third, each is reported for what is ready in it: on every wait if level-triggered, once if edge-triggered.',
    source: 'kernel selftest epoll_wakeup 49 to 52',
    steps: MODES.flatMap((outer) => {
      const again = outer === 'IN' ? { left: 'IN', right: 'IN' } : {}
      return [
        socketpair('a', 'b'),
        socketpair('c', 'd'),
        ...diamond('a', 'c', outer),
        write('b', 1),
        write('d', 1),
        poll({ top: 'IN' }, { top: 'IN' }),
        wait('top', { left: 'IN', right: 'IN' }),
        poll({ top: 'IN' }, outer === 'IN' ? { top: 'IN' } : {}),
        wait('top', again),
        drain('a'),
        wait('top', outer === 'IN' ? { right: 'IN' } : {}),
        write('b', 1),
        wait('top', outer === 'IN' ? again : { left: 'IN' }),
        wait('top', again),
        closeAll(),
      ]
    }),
  }),
]

/** Two epolls, `left` and `right`, which watch a descriptor each, and `top`, which watches both. */
export function diamond(left: string, right: string, mask: string): Step[] {
  return [
    epoll('left'),
    epoll('right'),
    epoll('top'),
    add('left', left, 'IN'),
    add('right', right, 'IN'),
    add('top', 'left', mask),
    add('top', 'right', mask),
  ]
}
