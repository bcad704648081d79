import { add, del, epoll, mod, pipe, socketpair, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'

const ALLOWED = ['IN', 'OUT', 'IN|OUT', 'ERR', 'HUP', 'IN|ET', 'IN|WAKEUP', 'IN|OUT|ERR|HUP|WAKEUP|ET']
const REFUSED = ['ONESHOT', 'RDHUP', 'PRI', 'RDNORM', 'RDBAND', 'WRNORM', 'WRBAND', 'MSG']

export const flags: readonly Check[] = [
  epollCheck({
    id: 'epoll.excl.mask-allowed',
    statement:
      'EPOLLEXCLUSIVE goes with IN, OUT, ERR, HUP, WAKEUP and ET; with any other bit ADD gives EINVAL, and adds nothing.',
    source: 'epoll_ctl(2); StarryOS exclusive; LTP',
    differs: 'gVisor takes every combination.',
    steps: [
      socketpair('a', 'b'),
      epoll('ep'),
      write('b', 1),
      ...ALLOWED.flatMap((mask) => [
        add('ep', 'a', `${mask}|EXCLUSIVE`),
        wait('ep', reportedFor(mask)),
        del('ep', 'a'),
      ]),
      ...REFUSED.flatMap((mask) => [
        add('ep', 'a', `IN|${mask}|EXCLUSIVE`, { expect: 'EINVAL' }),
        wait('ep', {}),
        del('ep', 'a', 'ENOENT'),
      ]),
      add('ep', 'a', 'IN'),
      wait('ep', { a: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.excl.add-only',
    statement:
      'EPOLLEXCLUSIVE is for ADD: a MOD to it, and every MOD of an entry that has it, gives EINVAL and changes nothing; DEL works.',
    source: 'epoll_ctl(2); StarryOS exclusive',
    differs: 'gVisor modifies such entries.',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN'),
      mod('ep', 'r', 'IN|EXCLUSIVE', { label: 'refused', expect: 'EINVAL' }),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      mod('ep', 'r', '0'),
      wait('ep', {}),
      del('ep', 'r'),
      add('ep', 'r', 'IN|EXCLUSIVE'),
      ...['IN', '0', 'IN|ET', 'IN|EXCLUSIVE'].flatMap((mask) => [
        mod('ep', 'r', mask, { label: 'refused', expect: 'EINVAL' }),
        wait('ep', { r: 'IN' }),
      ]),
      add('ep', 'r', 'IN', { label: 'refused', expect: 'EEXIST' }),
      del('ep', 'r'),
      wait('ep', {}),
      del('ep', 'r', 'ENOENT'),
      add('ep', 'r', 'IN', { label: 'shared' }),
      mod('ep', 'r', 'IN', { label: 'modified' }),
      wait('ep', { modified: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.excl.no-nested',
    statement: 'An epoll cannot be watched with EPOLLEXCLUSIVE: EINVAL, and nothing is added.',
    source: 'epoll_ctl(2); measured',
    differs: 'gVisor adds it.',
    steps: [
      pipe('r', 'w'),
      epoll('inner'),
      epoll('outer'),
      add('inner', 'r', 'IN'),
      ...['IN|EXCLUSIVE', 'IN|ET|EXCLUSIVE'].map((mask) =>
        add('outer', 'inner', mask, { label: 'refused', expect: 'EINVAL' }),
      ),
      write('w', 1),
      wait('outer', {}),
      del('outer', 'inner', 'ENOENT'),
      add('outer', 'inner', 'IN'),
      wait('outer', { inner: 'IN' }),
      // What it watches may be exclusive.
      del('inner', 'r'),
      wait('outer', {}),
      add('inner', 'r', 'IN|EXCLUSIVE'),
      wait('outer', { inner: 'IN' }),
    ],
  }),
]

/** What an entry of a unix socket with a byte to read reports: the bits of its mask that are true. */
function reportedFor(mask: string): Readonly<Record<string, string>> {
  const bits = mask.split('|').filter((bit) => bit === 'IN' || bit === 'OUT')
  return bits.length === 0 ? {} : { a: bits.join('|') }
}
