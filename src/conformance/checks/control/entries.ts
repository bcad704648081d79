import { add, del, dup, epoll, eventfd, mod, pipe, signal, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'

/** What is an entry already, and what is none. */
export const entries: readonly Check[] = [
  epollCheck({
    id: 'epoll.ctl.eexist',
    statement:
      'Adding an entry again fails with EEXIST, and changes neither its mask, nor its flags, nor its data.',
    source: 'epoll_ctl(2); LTP epoll_ctl02; epoll-shim; measured',
    bugs: [
      'wasmerio/wasmer#6608: EEXIST was missing',
      'microsoft/WSL#1068: EEXIST under concurrency, for what was not there',
    ],
    differs: 'A kqueue modifies what is added again; WASIX and F-Stack did so silently.',
    steps: [
      eventfd('e'),
      epoll('ep'),
      add('ep', 'e', 'IN', { label: 'first' }),
      add('ep', 'e', 'IN|OUT|ET|ONESHOT', { label: 'second', expect: 'EEXIST' }),
      wait('ep', {}),
      signal('e'),
      wait('ep', { first: 'IN' }),
      wait('ep', { first: 'IN' }),
      add('ep', 'e', '0', { label: 'third', expect: 'EEXIST' }),
      wait('ep', { first: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.enoent',
    statement:
      'Modifying or deleting a descriptor that was not added fails with ENOENT, also if another epoll has it, or a duplicate is an entry.',
    source: 'epoll_ctl(2); LTP epoll_ctl02; measured',
    bugs: ['wasmerio/wasmer#6608: ENOENT was missing'],
    steps: [
      pipe('r', 'w'),
      dup('r', 'r2'),
      epoll('ep'),
      epoll('other'),
      add('other', 'w', 'OUT'),
      add('ep', 'r', 'IN'),
      ...['w', 'r2'].flatMap((fd) => [
        mod('ep', fd, 'IN|OUT', { expect: 'ENOENT' }),
        del('ep', fd, 'ENOENT'),
      ]),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      wait('other', { w: 'OUT' }),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.del-twice',
    statement:
      'What was deleted can be neither deleted again nor modified (ENOENT), but added, with nothing left of what it was.',
    source: 'epoll_ctl(2); LTP; measured',
    steps: [
      pipe('r', 'w'),
      write('w', 1),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      del('ep', 'r'),
      del('ep', 'r', 'ENOENT'),
      mod('ep', 'r', 'IN', { expect: 'ENOENT' }),
      wait('ep', {}),
      add('ep', 'r', 'IN', { label: 'again' }),
      wait('ep', { again: 'IN' }),
      // Neither the mask, nor the trigger, nor that it is disarmed outlives the entry.
      ...['IN|ET', 'IN|ONESHOT', 'OUT', 'IN'].flatMap((mask) => [
        del('ep', 'r'),
        add('ep', 'r', mask, { label: mask }),
        wait('ep', mask === 'OUT' ? {} : { [mask]: 'IN' }),
        wait('ep', mask === 'IN' ? { IN: 'IN' } : {}),
      ]),
    ],
  }),
]
