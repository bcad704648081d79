import { layouts } from '../../../libc/layouts.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import {
  add,
  close,
  counter,
  epoll,
  eventfd,
  mod,
  pipe,
  read,
  shutdown,
  socketpair,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'

export const masks: readonly Check[] = [
  epollCheck({
    id: 'epoll.lt.mask-subset',
    statement:
      'Nothing is reported that was not asked for, but for ERR and HUP: data does not show in an OUT-only entry.',
    source: 'Miri; wasmer wasix tests',
    bugs: [
      'Milky2018/wasmoon#339: what was asked for was ignored',
      'microsoft/mystikos#308: IN and OUT that were not there',
    ],
    steps: [
      socketpair('a', 'b'),
      epoll('ep'),
      add('ep', 'a', 'OUT'),
      write('b', 1),
      wait('ep', { a: 'OUT' }),
      mod('ep', 'a', 'IN'),
      wait('ep', { a: 'IN' }),
      mod('ep', 'a', 'PRI|RDHUP'),
      wait('ep', {}),
      // A peer that stopped sending shows as RDHUP only to those who ask for it.
      shutdown('b', 'WR'),
      wait('ep', { a: 'RDHUP' }),
      mod('ep', 'a', 'IN'),
      wait('ep', { a: 'IN' }),
      mod('ep', 'a', 'OUT'),
      wait('ep', { a: 'OUT' }),
      mod('ep', 'a', 'PRI'),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.mask-zero-silent',
    statement: 'An entry with an empty mask is silent while there is only data.',
    source: 'epoll-shim; measured',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', '0'),
      write('w', 1),
      wait('ep', {}),
      wait('ep', {}, { timeoutMs: 10 }),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.mask-zero-hup',
    statement:
      'HUP and ERR are reported on every wait with an empty mask, exactly: HUP to the reader, ERR to the writer.',
    source: 'gVisor PipeReaderHupAfterWriterClosed; apache/nuttx#7227; measured',
    bugs: [
      'apache/nuttx#7227: HUP had to be asked for',
      'lionheart/openradar-mirror#19355: macOS does not see HUP with an empty mask',
    ],
    differs:
      'Linux always reports HUP and ERR; macOS not with an empty mask; kqueue only on a filter that is registered.',
    steps: [
      pipe('r1', 'w1'),
      pipe('r2', 'w2'),
      epoll('ep'),
      add('ep', 'r1', '0'),
      add('ep', 'w2', '0'),
      wait('ep', {}),
      close('w1'),
      wait('ep', { r1: 'HUP' }),
      close('r2'),
      wait('ep', { r1: 'HUP', w2: 'ERR' }),
      wait('ep', { r1: 'HUP', w2: 'ERR' }),
      mod('ep', 'r1', 'IN'),
      mod('ep', 'w2', 'OUT'),
      wait('ep', { r1: 'HUP', w2: 'OUT|ERR' }),
      wait('ep', { r1: 'HUP', w2: 'OUT|ERR' }),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.revents-fresh',
    statement: 'The bits are those of the moment of the wait: data drained in between leaves OUT alone.',
    source: 'Miri test_event_overwrite',
    bugs: ['microsoft/mystikos#308: bits that were not true'],
    differs: 'Multishot polls of io_uring carry the bits that woke, and they are not looked at again.',
    steps: [
      eventfd('e', 0),
      epoll('ep'),
      add('ep', 'e', 'IN|OUT|ET'),
      wait('ep', { e: 'OUT' }),
      { op: 'eventfd.write', fd: 'e', value: '1', expect: 8 },
      counter('e', '1'),
      wait('ep', { e: 'OUT' }),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.band-bits',
    statement:
      'RDNORM and WRNORM are bits of their own, reported only if asked for; an eventfd never sets them.',
    level: 'de-facto',
    source: 'gVisor poll tests; tgoskits#1925; google/gvisor#1659; measured',
    bugs: [
      'google/gvisor#1659: POLLRDNORM was never set, and who waited for it hung',
      'rcore-os/tgoskits#1925: wrong masks',
    ],
    steps: [
      pipe('r', 'w'),
      eventfd('e', 1),
      epoll('ep'),
      add('ep', 'r', 'RDNORM'),
      add('ep', 'w', 'WRNORM'),
      add('ep', 'e', 'RDNORM|WRNORM'),
      write('w', 1),
      wait('ep', { r: 'RDNORM', w: 'WRNORM' }),
      mod('ep', 'r', 'IN|RDNORM'),
      wait('ep', { r: 'IN|RDNORM', w: 'WRNORM' }),
      read('r', 1),
      wait('ep', { w: 'WRNORM' }),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.buffer-tail-untouched',
    statement: 'epoll_wait writes only the entries that it returns: none on a timeout.',
    level: 'de-facto',
    source: 'measured',
    run(machine) {
      const { size } = layouts.epoll_event
      const room = 4
      const buffer = new Memory(room * size)
      const untouched = (from: number): number =>
        buffer.bytes.subarray(from).filter((byte) => byte !== 0xa5).length
      machine.run(pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN'))
      machine.begin('epoll_wait with nothing ready')
      buffer.bytes.fill(0xa5)
      machine.expect(
        sys(machine.libc, 'epoll_wait', machine.fd('ep'), buffer.address, room, 0),
        0,
        'epoll_wait',
      )
      machine.expect(untouched(0), 0, 'changed bytes of the buffer')
      machine.run(write('w', 1))
      machine.begin('epoll_wait with one entry ready')
      machine.expect(
        sys(machine.libc, 'epoll_wait', machine.fd('ep'), buffer.address, room, 0),
        1,
        'epoll_wait',
      )
      machine.expect(untouched(size), 0, 'changed bytes behind the entry')
    },
  }),
]
