import { F } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import {
  add,
  call,
  close,
  del,
  dup,
  epoll,
  eventfd,
  mod,
  pipe,
  read,
  socketpair,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'

export const modify: readonly Check[] = [
  epollCheck({
    id: 'epoll.ctl.mod-replaces-all',
    statement: 'MOD replaces mask, flags and data: nothing of the entry as it was remains.',
    source: 'epoll_ctl(2); epoll-shim; mio; wasix epoll-create-ctl-wait',
    bugs: [
      'DragonOS#1528, #1545: flags were read from the wrong mask',
      'mheily/libkqueue#116, #122: modifying did not take effect',
    ],
    steps: [
      eventfd('e', 1),
      epoll('ep'),
      add('ep', 'e', 'IN|ET', { label: 'edge' }),
      wait('ep', { edge: 'IN' }),
      wait('ep', {}),
      mod('ep', 'e', 'IN', { label: 'level' }),
      wait('ep', { level: 'IN' }),
      wait('ep', { level: 'IN' }),
      mod('ep', 'e', 'OUT', { label: 'out' }),
      wait('ep', { out: 'OUT' }),
      mod('ep', 'e', 'IN|ONESHOT', { label: 'once' }),
      wait('ep', { once: 'IN' }),
      wait('ep', {}),
      mod('ep', 'e', 'IN|OUT', { label: 'both' }),
      wait('ep', { both: 'IN|OUT' }),
      wait('ep', { both: 'IN|OUT' }),
      mod('ep', 'e', '0', { label: 'nothing' }),
      wait('ep', {}),
      // With an empty mask a hang-up is still told.
      pipe('r', 'w'),
      add('ep', 'r', 'IN', { label: 'data' }),
      write('w', 1),
      wait('ep', { data: 'IN' }),
      mod('ep', 'r', '0', { label: 'hang-up' }),
      wait('ep', {}),
      close('w'),
      wait('ep', { 'hang-up': 'HUP' }),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.mod-queued-event-new-data',
    statement: 'An event that is queued when its entry is modified is reported once, with the new data.',
    source: 'StarryOS epoll-ctl-mod; rust-lang/miri#4676; measured',
    bugs: ['StarryOS: MOD made a new object, and what was queued for the old one was lost'],
    steps: [
      pipe('r', 'w'),
      epoll('level'),
      epoll('edge'),
      add('level', 'r', 'IN', { label: 'old' }),
      add('edge', 'r', 'IN|ET', { label: 'old' }),
      write('w', 1),
      mod('level', 'r', 'IN', { label: 'new' }),
      mod('edge', 'r', 'IN|ET', { label: 'new' }),
      wait('level', { new: 'IN' }),
      wait('edge', { new: 'IN' }),
      wait('edge', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.mod-away-drops-queued',
    statement:
      'A queued event that is not asked for any more is not reported; asked for again, it is, with the last data. Those of other entries stay.',
    source: 'mio; measured',
    differs:
      'kqueue runs its filter again before it reports; a multishot poll of io_uring does not, and its completion is stale.',
    steps: [
      pipe('r', 'w'),
      eventfd('edged', 1),
      eventfd('once', 1),
      epoll('level'),
      epoll('edge'),
      add('level', 'r', 'IN', { label: 'first' }),
      add('edge', 'r', 'IN|ET', { label: 'first' }),
      add('edge', 'edged', 'IN|ET'),
      add('edge', 'once', 'IN|ONESHOT'),
      write('w', 1),
      mod('level', 'r', 'OUT', { label: 'second' }),
      mod('edge', 'r', 'OUT|ET', { label: 'second' }),
      wait('level', {}),
      wait('edge', { edged: 'IN', once: 'IN' }),
      wait('edge', {}),
      mod('level', 'r', 'IN', { label: 'third' }),
      mod('edge', 'r', 'IN|ET', { label: 'third' }),
      wait('level', { third: 'IN' }),
      wait('edge', { third: 'IN' }),
      wait('edge', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.ctl.del-drops-queued',
    statement: 'The queued event of an entry that is deleted is not reported; those of others are.',
    source: 'Miri; gVisor; wasmer wasix tests',
    bugs: [
      'wasmerio/wasmer#6608: the event of a deleted entry hit a number that was in use again',
      'FDio/vpp#708: events after close',
    ],
    differs: 'A completion that io_uring has posted stays.',
    steps: ['IN', 'IN|ET', 'IN|ONESHOT'].flatMap((mask, i) => {
      const [r, w, other, ep] = [`r${i}`, `w${i}`, `other${i}`, `ep${i}`]
      return [
        pipe(r, w),
        eventfd(other, 1),
        epoll(ep),
        add(ep, r, mask),
        add(ep, other, mask),
        write(w, 1),
        del(ep, r),
        wait(ep, { [other]: 'IN' }),
        write(w, 1),
        del(ep, other),
        wait(ep, {}),
        add(ep, r, mask),
        wait(ep, { [r]: 'IN' }),
      ]
    }),
  }),
  epollCheck({
    id: 'epoll.ctl.no-flags-side-effect',
    statement:
      'Adding, modifying and deleting leave the flags of a descriptor and of its open file as they were.',
    source: 'epoll-shim (FreeBSD: #46, #49); measured',
    bugs: ['jiixyj/epoll-shim#46, #49: O_NONBLOCK of the descriptor was changed'],
    run(machine) {
      machine.run(
        pipe('blockingR', 'blockingW', 0),
        pipe('r', 'w'),
        socketpair('a', 'b'),
        epoll('ep'),
        // Made close-on-exec by the steps above; two of them are not to be.
        call('fcntl', ['$blockingR', F.SETFD, 0], 0),
        call('fcntl', ['$a', F.SETFD, 0], 0),
      )
      for (const name of ['blockingR', 'blockingW', 'r', 'w', 'a', 'b']) {
        const before = flagsOf(machine, name)
        for (const step of [add('ep', name, 'IN|ET'), mod('ep', name, 'OUT|ONESHOT'), del('ep', name)]) {
          machine.run(step)
          machine.expect(flagsOf(machine, name), before, `flags of ${name}`)
        }
      }
    },
  }),
  epollCheck({
    id: 'epoll.ctl.dup-distinct',
    statement:
      'A descriptor and its duplicate are two entries: both can be added, are reported, and go separately.',
    source: 'epoll(7); Miri; gVisor; libevent',
    bugs: ['Mellanox/libvma#559: a descriptor was reported twice'],
    differs:
      'The key is number and open file in epoll, number and filter in kqueue. epoll-shim has one registration for all duplicates; WASIX keyed by the data.',
    steps: [
      pipe('r', 'w'),
      dup('r', 'r2'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      add('ep', 'r2', 'IN'),
      write('w', 1),
      wait('ep', { r: 'IN', r2: 'IN' }),
      mod('ep', 'r2', '0'),
      wait('ep', { r: 'IN' }),
      mod('ep', 'r2', 'IN'),
      del('ep', 'r'),
      wait('ep', { r2: 'IN' }),
      read('r', 1),
      wait('ep', {}),
    ],
  }),
]

/** F_GETFL and F_GETFD, in words. */
function flagsOf(machine: Machine, name: string): string {
  const get = (command: number): string =>
    sys(machine.libc, 'fcntl', machine.fd(name), command, 0).toString(8)
  return `open file 0${get(F.GETFL)}, descriptor 0${get(F.GETFD)}`
}
