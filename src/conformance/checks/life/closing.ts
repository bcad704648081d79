import { FD_SETSIZE } from '../../../libc/constants/linux.ts'
import {
  add,
  close,
  closeAll,
  del,
  dup,
  epoll,
  eventfd,
  mod,
  pipe,
  poll,
  select,
  signal,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { waitForEvents } from '../../operations/calls.ts'
import type { Step } from '../../steps.ts'
import { selectSets } from '../../steps/arrays.ts'
import { readableFiles, reopen, replace } from './reopen.ts'
import { classic, classicNames } from '../../classic.ts'

const threeReady = (mask: string): Step[] => [
  epoll('ep'),
  ...['a', 'b', 'c'].flatMap((fd) => [pipe(fd, `writer of ${fd}`), add('ep', fd, mask)]),
  ...['a', 'b', 'c'].map((fd) => write(`writer of ${fd}`, 1)),
]

const without = (closed: string): Record<string, string> =>
  Object.fromEntries(['a', 'b', 'c'].filter((fd) => fd !== closed).map((fd) => [fd, 'IN']))

/** The last close of an open file takes its entry away. */
export const closing: readonly Check[] = [
  {
    id: 'life.close-last-removes',
    statement:
      'A descriptor that is closed is watched no longer, and its number, once it is another file, is a new entry: nothing is left of the old one.',
    level: 'contract',
    kind: 'det',
    source: 'epoll(7) Q6; poll(2); select(2); gVisor CloseFile; wasmer epoll_prune_on_close',
    bugs: [
      'microsoft/WSL#1068: ADD failed with EEXIST for the number of a file that was closed',
      'sysprog21/elfuse#146: close did not take the entry away',
    ],
    differs:
      'poll tells of the closed number with NVAL, select fails with EBADF, and an epoll has forgotten it.',
    backends: classicNames,
    steps: (backend): readonly Step[] => {
      const quiet = eventfd('quiet')
      switch (classic(backend)) {
        case 'epoll':
          return Object.entries(readableFiles).flatMap(([kind, make]) =>
            (kind === 'pipe' ? ['IN', 'IN|ET', 'IN|ONESHOT'] : ['IN']).flatMap((mask) => [
              ...make,
              quiet,
              epoll('asked'),
              epoll('ep'),
              add('asked', 'f', mask),
              add('ep', 'f', mask),
              wait('asked', { f: 'IN' }),
              close('f'),
              wait('asked', {}),
              wait('ep', {}),
              del('ep', 'f', 'EBADF'),
              reopen('f', 'quiet', 'again'),
              mod('ep', 'again', 'IN', { expect: 'ENOENT' }),
              del('asked', 'again', 'ENOENT'),
              add('ep', 'again', 'IN', { label: 'new' }),
              add('asked', 'again', 'IN', { label: 'new' }),
              wait('ep', {}),
              signal('quiet'),
              wait('ep', { new: 'IN' }),
              wait('asked', { new: 'IN' }),
              closeAll(),
            ]),
          )
        case 'poll':
          return [
            pipe('f', 'peer'),
            write('peer', 1),
            quiet,
            poll({ f: 'IN', quiet: 'IN' }, { f: 'IN' }),
            close('f'),
            poll({ f: 'IN', quiet: 'IN' }, { f: 'NVAL' }),
            reopen('f', 'quiet', 'again'),
            poll({ f: 'IN', quiet: 'IN' }, {}),
            signal('quiet'),
            poll({ f: 'IN', quiet: 'IN' }, { f: 'IN', quiet: 'IN' }),
          ]
        case 'select':
          return [
            pipe('f', 'peer'),
            write('peer', 1),
            quiet,
            select({ f: 'r', quiet: 'r' }, { f: 'r' }),
            close('f'),
            selectSets(FD_SETSIZE, { read: ['f', 'quiet'] }, { read: ['f', 'quiet'] }, { expect: 'EBADF' }),
            select({ quiet: 'r' }, {}),
            reopen('f', 'quiet', 'again'),
            select({ f: 'r', quiet: 'r' }, {}),
            signal('quiet'),
            select({ f: 'r', quiet: 'r' }, { f: 'r', quiet: 'r' }),
          ]
      }
    },
  },
  epollCheck({
    id: 'life.close-pending',
    statement:
      'Closing a descriptor whose event was not fetched yet takes the event away, and none of the others that are ready.',
    source: 'Miri ready_list_fetching_logic; epoll(7)',
    bugs: ['FDio/vpp#708: an event for a session that the program had closed'],
    steps: ['IN', 'IN|ET', 'IN|ONESHOT'].flatMap((mask) => [
      // Of three that are ready, the first, the middle and the last one in turn.
      ...(mask === 'IN' ? ['a', 'b', 'c'] : ['b']).flatMap((closed) => [
        ...threeReady(mask),
        close(closed),
        wait('ep', without(closed)),
        ...(mask === 'IN' ? [wait('ep', without(closed))] : [wait('ep', {})]),
        closeAll(),
      ]),
      // With room for one, what is closed must not take the room of what is open.
      ...threeReady(mask),
      close('a'),
      close('c'),
      wait('ep', { b: 'IN' }, { max: 1 }),
      closeAll(),
      // Nothing is left: the wait is a timeout, and no event without content.
      ...threeReady(mask),
      close('b'),
      close('a'),
      close('c'),
      wait('ep', {}, { timeoutMs: 2 }),
      closeAll(),
    ]),
  }),
  epollCheck({
    id: 'life.close-pending.between-waits',
    statement:
      'What one wait had no room for, and is closed or deleted before the next, is not reported by that, and the rest is.',
    source: 'epoll(7): the event cache; Miri ready_list_fetching_logic',
    bugs: ['FDio/vpp#708: an event for a session that the program had closed'],
    run(machine) {
      for (const mask of ['IN', 'IN|ET', 'IN|ONESHOT']) {
        for (const how of ['close', 'delete'] as const) {
          machine.run(...threeReady(mask))
          machine.begin(`epoll_wait(ep, 1 event, 0 ms), entries ${mask}`)
          const [first = 'none', ...more] = waitForEvents(machine, 'ep', 1, 0).map(([label]) => label)
          const [gone = '', kept = ''] = ['a', 'b', 'c'].filter((fd) => fd !== first)
          machine.expect(more.length, 0, 'events after the first')
          machine.run(how === 'close' ? close(gone) : del('ep', gone))
          // Level-triggered, the first one is still ready.
          const still = mask === 'IN' ? { [first]: 'IN' } : {}
          machine.run(
            wait('ep', { ...still, [kept]: 'IN' }),
            wait('ep', mask === 'IN' ? { ...still, [kept]: 'IN' } : {}),
          )
          machine.run(closeAll())
        }
      }
    },
  }),
  epollCheck({
    id: 'life.all-dups-closed',
    statement: 'An open file is watched until the last of its descriptors is closed, in whatever order.',
    source: 'epoll(7) Q6; Miri',
    differs: 'illumos and kqueue forget the entry with the descriptor that was added.',
    steps: [
      ['f', 'd1', 'd2'],
      ['d2', 'f', 'd1'],
      ['d1', 'd2', 'f'],
    ].flatMap((order) => [
      pipe('f', 'w'),
      epoll('ep'),
      add('ep', 'f', 'IN'),
      dup('f', 'd1'),
      dup('d1', 'd2'),
      write('w', 1),
      ...order.flatMap((fd) => [wait('ep', { f: 'IN' }), close(fd)]),
      wait('ep', {}),
      closeAll(),
    ]),
  }),
  epollCheck({
    id: 'life.dup2-replaces',
    statement:
      'When dup2 puts another file behind a number, the entry of the file that was there is gone with it, and the number has no entry. With itself, dup2 changes nothing.',
    source: 'dup2(2): closes silently; Asterinas',
    steps: [
      pipe('f', 'w'),
      eventfd('other'),
      epoll('ep'),
      add('ep', 'f', 'IN'),
      write('w', 1),
      replace('f', 'f'),
      wait('ep', { f: 'IN' }),
      add('ep', 'f', 'IN', { expect: 'EEXIST' }),
      replace('f', 'other'),
      wait('ep', {}),
      mod('ep', 'f', 'IN', { expect: 'ENOENT' }),
      del('ep', 'f', 'ENOENT'),
      signal('other'),
      wait('ep', {}),
      add('ep', 'f', 'IN', { label: 'the other' }),
      wait('ep', { 'the other': 'IN' }),
      // What is behind the number lives on elsewhere, and so does its entry.
      eventfd('third'),
      replace('f', 'third'),
      wait('ep', { 'the other': 'IN' }),
      mod('ep', 'f', 'IN', { expect: 'ENOENT' }),
      close('other'),
      wait('ep', {}),
    ],
  }),
]
