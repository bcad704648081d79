import { add, call, drain, epoll, mod, pipe, socketpair, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { mapUnwritablePage } from '../../operations/pages.ts'

export const registration: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.mod-rearms',
    statement:
      'MOD with the same mask reports what is ready exactly once more, with the new data if that has changed; what is not ready it does not.',
    source: 'Miri; libuv and libevent rely on it; measured',
    bugs: [
      'kernel bug 205933, chriskohlhoff/asio#452, netty/netty#8999: MOD lost the event (Linux 5.0 to 5.6)',
    ],
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      mod('ep', 'r', 'IN|ET'),
      wait('ep', {}),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      wait('ep', {}),
      mod('ep', 'r', 'IN|ET', { label: 'second' }),
      wait('ep', { second: 'IN' }),
      wait('ep', {}),
      mod('ep', 'r', 'IN|ET', { label: 'third' }),
      mod('ep', 'r', 'IN|ET', { label: 'fourth' }),
      wait('ep', { fourth: 'IN' }),
      wait('ep', {}),
      mod('ep', 'r', 'IN|ET', { label: 'fourth' }),
      wait('ep', { fourth: 'IN' }),
      wait('ep', {}),
      drain('r'),
      mod('ep', 'r', 'IN|ET'),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.mod-adds-bit',
    statement: 'A bit that MOD adds to a mask is reported at once if it is true already, whichever it is.',
    source: 'epoll_ctl(2); Miri; measured',
    steps: [
      socketpair('a', 'b'),
      epoll('ep'),
      write('b', 1),
      add('ep', 'a', 'IN|ET'),
      wait('ep', { a: 'IN' }),
      mod('ep', 'a', 'IN|OUT|ET'),
      wait('ep', { a: 'IN|OUT' }),
      wait('ep', {}),
      mod('ep', 'a', 'OUT|ET'),
      wait('ep', { a: 'OUT' }),
      mod('ep', 'a', 'IN|OUT|ET'),
      wait('ep', { a: 'IN|OUT' }),
      drain('a'),
      mod('ep', 'a', 'IN|ET'),
      wait('ep', {}),
      mod('ep', 'a', 'IN|OUT|ET'),
      wait('ep', { a: 'OUT' }),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.lt-switch',
    statement:
      'MOD from edge to level reports what is ready on every wait, and MOD back to edge once more and no longer.',
    source: 'Miri registered_mode_switch; measured',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      wait('ep', {}),
      mod('ep', 'r', 'IN'),
      wait('ep', { r: 'IN' }),
      wait('ep', { r: 'IN' }),
      mod('ep', 'r', 'IN|ET'),
      wait('ep', { r: 'IN' }),
      wait('ep', {}),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.efault-keeps-event',
    statement:
      'epoll_wait fails with EFAULT where it cannot write the event, and the next good wait still reports it, once.',
    level: 'de-facto',
    source: 'StarryOS buffer-race; measured',
    differs: 'gVisor takes the edge off before it writes the event, and loses it.',
    run(machine) {
      machine.run(pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN|ET'))
      for (const protection of ['NONE', 'READ'] as const) {
        const page = mapUnwritablePage(machine, protection)
        machine.run(
          write('w', 1),
          call('epoll_wait', ['$ep', page, 8, 0], 'EFAULT'),
          wait('ep', { r: 'IN' }),
          wait('ep', {}),
        )
      }
    },
  }),
]
