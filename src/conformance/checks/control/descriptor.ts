import {
  add,
  close,
  del,
  dup,
  epoll,
  mod,
  pipe,
  read,
  receiveFd,
  sendFd,
  socketpair,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { UnsupportedError } from '../../../errors.ts'
import { formatMask, parseMask } from '../../masks.ts'
import { readWatches } from './fdinfo.ts'
import { inheritance } from './inherit.ts'

export const descriptor: readonly Check[] = [
  epollCheck({
    id: 'epoll.fd.rw-einval',
    statement:
      'An epoll descriptor can be neither read nor written: EINVAL, whether an event is there or not.',
    source: 'epoll-shim; measured',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      read('ep', 8, 'EINVAL'),
      write('ep', 8, 'EINVAL'),
      write('w', 1),
      read('ep', 8, 'EINVAL'),
      write('ep', 8, 'EINVAL'),
      wait('ep', { r: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.fd.dup-works',
    statement: 'A duplicate of an epoll descriptor is the same epoll, and keeps it when the first is closed.',
    source: 'Miri issue 3858; measured',
    bugs: ['rust-lang/miri#3858: a duplicate of an epoll descriptor did not work'],
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      dup('ep', 'ep2'),
      add('ep2', 'w', 'OUT'),
      wait('ep', { w: 'OUT' }),
      close('ep'),
      write('w', 1),
      wait('ep2', { r: 'IN', w: 'OUT' }),
      add('ep2', 'r', 'IN', { expect: 'EEXIST' }),
      mod('ep2', 'w', '0'),
      wait('ep2', { r: 'IN' }),
      del('ep2', 'r'),
      wait('ep2', {}),
    ],
  }),
  inheritance,
  epollCheck({
    id: 'epoll.fd.scm-rights',
    statement: 'An epoll descriptor that is sent over a unix socket is the same epoll where it arrives.',
    level: 'de-facto',
    kind: 'thread',
    source: 'unix(7); epoll-shim (documented as unsupported there)',
    differs: 'epoll-shim does not support it.',
    steps: [
      socketpair('a', 'b'),
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      sendFd('a', 'ep'),
      // On its way, the message is all that holds the epoll.
      close('ep'),
      write('w', 1),
      receiveFd('received', 'b'),
      wait('received', { r: 'IN' }),
      add('received', 'r', 'IN', { expect: 'EEXIST' }),
      add('received', 'w', 'OUT'),
      wait('received', { r: 'IN', w: 'OUT' }),
      del('received', 'r'),
      wait('received', { w: 'OUT' }),
    ],
  }),
  epollCheck({
    id: 'epoll.fd.fdinfo',
    statement:
      'In /proc/self/fdinfo each entry is a line with number, mask (ERR and HUP added) and data; DEL takes it away.',
    level: 'quirk',
    source: 'proc(5); measured',
    differs: "Tools read this file, evloop's inspect among them. gVisor and others have no such lines.",
    run(machine) {
      const expectWatches = (...expected: readonly (readonly [string, string])[]): void => {
        machine.begin('read the entries from /proc/self/fdinfo')
        const watches = readWatches(machine.libc, machine.fd('ep'))
        if (watches === undefined) throw new UnsupportedError('fdinfo', '/proc/self/fdinfo cannot be read')
        const text = (lines: readonly (readonly [number, number, bigint])[]): string =>
          lines
            .map(([fd, mask, data]) => `${fd} ${formatMask(mask)} 0x${data.toString(16)}`)
            .toSorted()
            .join(', ')
        machine.expect(
          text(watches.map(({ fd, mask, data }) => [fd, mask, data])),
          text(
            expected.map(([name, mask]) => [machine.fd(name), parseMask(mask), machine.labels.data(name)]),
          ),
          'entries',
        )
      }
      machine.run(pipe('r', 'w'), epoll('ep'))
      expectWatches()
      machine.run(add('ep', 'r', 'IN'), add('ep', 'w', 'OUT|ET'))
      expectWatches(['r', 'IN|ERR|HUP'], ['w', 'OUT|ET|ERR|HUP'])
      machine.run(mod('ep', 'w', '0'), del('ep', 'r'))
      expectWatches(['w', 'ERR|HUP'])
    },
  }),
]
